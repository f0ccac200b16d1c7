// What JSON.parse would have made of a value read strictly, and slow second opinions on why one was refused.
import { JsonNumber, JsonObject, type JsonValue } from '../json-value.ts';

export function plainJson(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (value instanceof JsonObject) {
    const entries = value.names().map(name => [name, plainJson(value.get(name) ?? null)] as const);
    return Object.fromEntries(entries);
  }
  return Array.isArray(value) ? value.map(plainJson) : value;
}

/** Nested arrays and objects, the outermost included. */
export function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, each) => sum + membersOf(each), own);
}

/** JSON.parse keeps one of the same name: fewer members than names written. */
export function hasDuplicateNames(text: string): boolean {
  const written = text.match(/"(?:[^"\\]|\\.)*"(?=[ \t\n\r]*:)/g) ?? [];
  return written.length > membersOf(JSON.parse(text));
}

export function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, each]) => !name.isWellFormed() || hasLoneSurrogate(each));
}
