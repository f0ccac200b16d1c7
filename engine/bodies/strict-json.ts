// RFC 8259 read so that no two readers can disagree: valid UTF-8 without BOM, no duplicate names, no lone surrogates,
// bounded depth, linear time. Everything it accepts JSON.parse accepts with the same meaning.
import { bodyLimits } from './body-limits.ts';
import { type BodyRefusal, orRefusal, refuseBody, UnreadableBody } from './body-problem.ts';
import { JsonNumber, JsonObject, type JsonValue } from './json-value.ts';

export type ParsedJson = { readonly ok: true; readonly value: JsonValue } | BodyRefusal;

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// oxlint-disable-next-line no-control-regex -- controls must be escaped in JSON
const plainPattern = /[^"\\\u0000-\u001f]*/y;
const unicodeEscapePattern = /[0-9a-fA-F]{4}/y;
const blankPattern = /[ \t\n\r]*/y;

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

const literals: readonly (readonly [string, JsonValue])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];

export function parseStrictJson(bytes: Uint8Array): ParsedJson {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return refuseBody('Bom', 'The body starts with a byte order mark; send JSON without one.');
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuseBody('BadUtf8', 'The body is not valid UTF-8.');
  return parseStrictJsonText(text);
}

/** For JSON inside a query field. */
export function parseStrictJsonText(text: string): ParsedJson {
  return orRefusal(() => ({ ok: true, value: new JsonReader(text).readDocument() }));
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readDocument(): JsonValue {
    const value = this.#readValue(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw this.#bad('something follows the JSON value');
    return value;
  }

  #readValue(depth: number): JsonValue {
    this.#skipBlanks();
    const first = this.#text[this.#at];
    if ((first === '{' || first === '[') && depth >= bodyLimits.maxDepth)
      throw new UnreadableBody('TooDeep', `The body nests JSON deeper than ${bodyLimits.maxDepth}.`);
    if (first === '{') return this.#readObject(depth);
    if (first === '[') return this.#readArray(depth);
    if (first === '"') return this.#readString();
    for (const [word, value] of literals) if (this.#takeIf(word)) return value;
    const number = this.#match(numberPattern);
    if (number === '') throw this.#bad('a value is missing or malformed');
    return new JsonNumber(number);
  }

  #readObject(depth: number): JsonObject {
    const object = new JsonObject();
    this.#at++;
    this.#skipBlanks();
    if (this.#takeIf('}')) return object;
    do {
      this.#skipBlanks();
      if (this.#text[this.#at] !== '"') throw this.#bad('a member name is missing');
      const name = this.#readString();
      this.#skipBlanks();
      if (!this.#takeIf(':')) throw this.#bad('a colon is missing');
      if (!object.add(name, this.#readValue(depth + 1)))
        throw new UnreadableBody('DuplicateKey', 'An object of the body has two members of the same name.');
      this.#skipBlanks();
    } while (this.#takeIf(','));
    if (!this.#takeIf('}')) throw this.#bad('an object does not end');
    return object;
  }

  #readArray(depth: number): readonly JsonValue[] {
    const items: JsonValue[] = [];
    this.#at++;
    this.#skipBlanks();
    if (this.#takeIf(']')) return items;
    do {
      items.push(this.#readValue(depth + 1));
      this.#skipBlanks();
    } while (this.#takeIf(','));
    if (!this.#takeIf(']')) throw this.#bad('an array does not end');
    return items;
  }

  #readString(): string {
    this.#at++;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.#match(plainPattern));
      if (this.#takeIf('"')) break;
      if (!this.#takeIf('\\')) throw this.#bad('a string does not end, or holds a control character');
      parts.push(this.#readEscape());
    }
    const value = parts.join('');
    if (!value.isWellFormed())
      throw new UnreadableBody('LoneSurrogate', 'A string of the body holds half a character.');
    return value;
  }

  #readEscape(): string {
    const letter = this.#text[this.#at++] ?? '';
    if (letter !== 'u') {
      const simple = simpleEscapes.get(letter);
      if (simple === undefined) throw this.#bad('a string has an unknown escape');
      return simple;
    }
    const digits = this.#match(unicodeEscapePattern);
    if (digits === '') throw this.#bad('a string has a bad \\u escape');
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #skipBlanks(): void {
    this.#match(blankPattern);
  }

  #takeIf(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  /** What a sticky pattern finds here, taken; empty where it finds nothing. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #bad(what: string): UnreadableBody {
    return new UnreadableBody('BadJson', `The body is not JSON: ${what}, near character ${this.#at}.`);
  }
}
