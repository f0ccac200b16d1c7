import { isDeepStrictEqual } from 'node:util';

type Fields = Readonly<Record<string, unknown>>;

/** A JSON merge patch (RFC 7396) from one status to another; undefined where they are equal: nothing is written then. */
export function statusPatch(before: object | undefined, after: object): Fields | undefined {
  const from = (before ?? {}) as Fields;
  const to = after as Fields;
  const changed = Object.entries(to).filter(([field, value]) => !isDeepStrictEqual(from[field], value));
  const removed = Object.keys(from).filter(field => !Object.hasOwn(to, field));
  if (changed.length === 0 && removed.length === 0) return undefined;
  const patch = changed.map(([field, value]) => [field, mergeValue(from[field], value)] as const);
  return Object.fromEntries([...patch, ...removed.map(field => [field, null] as const)]);
}

/** Inside maps too, what is gone must be named. */
function mergeValue(before: unknown, after: unknown): unknown {
  return isMap(before) && isMap(after) ? (statusPatch(before, after) ?? after) : after;
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
