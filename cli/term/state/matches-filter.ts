/** Every word of the filter must be somewhere; in any case. */
export function matchesFilter(filter: string, texts: readonly string[]): boolean {
  if (filter === '') return true;
  const all = texts.join('\n').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => all.includes(word));
}
