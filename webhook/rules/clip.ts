/** No list and no map of our kinds may have more: the schema says so of an entry too many as of thousands. */
const maxEntries = 260;
/** Of all lists together, far more than people write. */
const maxValues = 60_000;

/**
 * The object with the tails of its endless lists and maps left away, so that saying what is wrong with it takes no longer than saying so of
 * a large one. undefined: it holds more values than are looked at.
 */
export function clip<T extends object>(object: T): T | undefined {
  let values = 0;
  const walk = (value: unknown): unknown => {
    values++;
    if (values > maxValues || typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.slice(0, maxEntries).map(walk);
    const entries = Object.entries(value).slice(0, maxEntries);
    return Object.fromEntries(entries.map(([key, entry]) => [key, walk(entry)]));
  };
  const clipped = walk(object) as T;
  return values > maxValues ? undefined : clipped;
}
