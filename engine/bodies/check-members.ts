// Which members an envelope may have, so that a lenient decoder finds nothing in it that this one overlooked.
import { type BodyProblem, UnreadableBody } from './body-problem.ts';
import { foldName } from './fold-name.ts';
import { JsonObject, type JsonValue } from './json-value.ts';

/** Reaching behind an object rather than naming a member of it. */
const reaching: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'].map(foldName));

/** Throws for a known name in another spelling, and for names that reach a prototype. */
export function checkSpelling(object: JsonObject, known: readonly string[]): void {
  const folded = new Set(known.map(foldName));
  for (const name of object.names()) {
    if (known.includes(name)) continue;
    const fold = foldName(name.replace(/\0.*$/s, '').trim());
    if (folded.has(fold) || reaching.has(fold))
      throw new UnreadableBody('AmbiguousKey', 'A member of the body is named almost like one that policy reads.');
  }
}

/** Throws for any other member, too. */
export function checkMembers(object: JsonObject, known: readonly string[]): void {
  checkSpelling(object, known);
  if (object.names().some(name => !known.includes(name)))
    throw new UnreadableBody('UnknownMember', `The body may have the members ${known.join(', ')} and no others.`);
}

/** The requests of a body: one object, or a batch of some. */
export function messagesOf(value: JsonValue, maxBatch: number): readonly JsonObject[] {
  const items: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) throw new UnreadableBody('EmptyBatch', 'The body is an empty batch.');
  if (items.length > maxBatch)
    throw new UnreadableBody('BatchTooLong', `The body holds more than ${maxBatch} requests in one batch.`);
  return items.map(item => asObject(item, 'Each request of the body'));
}

export function asObject(value: JsonValue | undefined, what: string): JsonObject {
  if (value instanceof JsonObject) return value;
  throw new UnreadableBody('NotAnObject', `${what} must be a JSON object.`);
}

/** A string member, or undefined where it is absent or null. */
export function optionalString(object: JsonObject, name: string): string | undefined {
  const value = object.get(name) ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw badMember(`${name} must be a string.`);
}

export function badMember(detail: string, problem: BodyProblem = 'BadMember'): UnreadableBody {
  return new UnreadableBody(problem, detail);
}
