import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonNumber, JsonObject } from './json-value.ts';
import { decodeUtf8, parseStrictJson } from './strict-json.ts';
import { cpuMs } from './testing/cpu-time.ts';
import { corpusOf, fuzz } from './testing/fuzz.ts';
import { depthOf, hasDuplicateNames, hasLoneSurrogate, plainJson } from './testing/plain-json.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));

/** Accepted: JSON.parse means the same. Refused: JSON.parse refuses too, or the named reason is true. */
function checkAgainstJsonParse(bytes: Buffer): void {
  const read = parseStrictJson(bytes);
  if (read.ok) {
    expect(plainJson(read.value)).toEqual(JSON.parse(bytes.toString()));
    expect(depthOf(plainJson(read.value))).toBeLessThanOrEqual(64);
    return;
  }
  const text = decodeUtf8(bytes);
  if (text === undefined || read.problem === 'Bom') {
    expect(['BadUtf8', 'Bom']).toContain(read.problem);
    return;
  }
  const isTrue = {
    DuplicateKey: () => refuses(text) || hasDuplicateNames(text),
    LoneSurrogate: () => refuses(text) || hasLoneSurrogate(JSON.parse(text)) || hasDuplicateNames(text),
    TooDeep: () => refuses(text) || depthOf(JSON.parse(text)) > 64 || hasDuplicateNames(text),
    BadJson: () => refuses(text),
  }[read.problem as string];
  expect(isTrue?.(), `${read.problem}: ${text}`).toBe(true);
}

function refuses(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    if (error instanceof SyntaxError) return true;
    throw error;
  }
}

describe('strict JSON', () => {
  test('reads values, numbers as they are written', () => {
    const read = parse(' {"a":[1e400,-0,12345678901234567890],"b":"\\u00e9\\ud83d\\ude00\\/","c":{}} ');
    expect(read.ok && plainJson(read.value)).toEqual({ a: [Infinity, -0, 12345678901234567000], b: 'é😀/', c: {} });
    const list = read.ok && read.value instanceof JsonObject ? read.value.get('a') : undefined;
    expect(Array.isArray(list) && list.map(each => (each instanceof JsonNumber ? each.text : each))).toEqual([
      '1e400',
      '-0',
      '12345678901234567890',
    ]);
  });

  test.each([
    ['H36: two members of a name', '{"a":1,"a":1}', 'DuplicateKey'],
    ['H36: two members of a name, one escaped', '{"method":1,"m\\u0065thod":2}', 'DuplicateKey'],
    ['H36: two members of a name, deep inside', '[{"x":{"a":1,"b":2,"a":3}}]', 'DuplicateKey'],
    ['P26: __proto__ twice', '{"__proto__":1,"__proto__":2}', 'DuplicateKey'],
    ['half a character', '{"a":"\\ud83d"}', 'LoneSurrogate'],
    ['halves in the wrong order', '"\\ude00\\ud83d"', 'LoneSurrogate'],
    ['half a character as a name', '{"\\udfff":1}', 'LoneSurrogate'],
    ['65 arrays', `${'['.repeat(65)}${']'.repeat(65)}`, 'TooDeep'],
    ['a hundred thousand arrays', '['.repeat(100_000), 'TooDeep'],
    ['a comment', '{"a":1/**/}', 'BadJson'],
    ['a trailing comma', '{"a":1,}', 'BadJson'],
    ['a trailing comma in an array', '[1,]', 'BadJson'],
    ['single quotes', "{'a':1}", 'BadJson'],
    ['a bare name', '{a:1}', 'BadJson'],
    ['NaN', 'NaN', 'BadJson'],
    ['Infinity', '-Infinity', 'BadJson'],
    ['hexadecimal', '0x10', 'BadJson'],
    ['a leading zero', '01', 'BadJson'],
    ['a leading plus', '+1', 'BadJson'],
    ['a bare fraction', '.5', 'BadJson'],
    ['an open fraction', '1.', 'BadJson'],
    ['True', 'True', 'BadJson'],
    ['two values', '{}{}', 'BadJson'],
    ['two lines of JSON', '{"a":1}\n{"a":2}', 'BadJson'],
    ['a control character in a string', '"a\nb"', 'BadJson'],
    ['NUL after it', '{}\0', 'BadJson'],
    ['form feed as a blank', '\f{}', 'BadJson'],
    ['no-break space as a blank', '\u00a0{}', 'BadJson'],
    ['an unknown escape', '"\\x41"', 'BadJson'],
    ['an escape of three digits', '"\\u00e"', 'BadJson'],
    ['an escape of other digits', '"\\u００41"', 'BadJson'],
    ['no end', '{"a":', 'BadJson'],
    ['an open string', '"abc', 'BadJson'],
    ['a string that ends in a backslash', '"abc\\', 'BadJson'],
    ['nothing', '', 'BadJson'],
    ['a byte order mark', '\ufeff{}', 'Bom'],
  ])('refuses %s', (_what, text, problem) => expect(parse(text)).toMatchObject({ ok: false, problem }));

  test('reads 64 arrays in one another', () => {
    expect(parse(`${'['.repeat(64)}1${']'.repeat(64)}`).ok).toBe(true);
  });

  test.each([
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['Latin-1', [0x22, 0xe9, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['above U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ])('refuses %s: not UTF-8', (_what, bytes) =>
    expect(parseStrictJson(Buffer.from(bytes))).toMatchObject({ ok: false, problem: 'BadUtf8' }),
  );

  test('refuses UTF-16 without a mark: NUL between the letters is no JSON', () => {
    expect(parseStrictJson(Buffer.from('{}', 'utf16le'))).toMatchObject({ ok: false, problem: 'BadJson' });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'P26: %s is a name like any',
    name => {
      const read = parse(`{${JSON.stringify(name)}:{"polluted":true}}`);
      const object = read.ok && read.value instanceof JsonObject ? read.value : new JsonObject();
      expect(object.names()).toEqual([name]);
      expect(new JsonObject().get(name)).toBeUndefined();
      expect('polluted' in {}).toBe(false);
      const empty = parse('{}');
      expect(empty.ok && empty.value instanceof JsonObject && empty.value.has(name)).toBe(false);
    },
  );

  test('R10: 64 KiB of names whose hashes collide take no time', () => {
    // Array-index-like strings a power of two apart share their low hash bits where the hash is their value.
    const names = Array.from({ length: 5000 }, (_, index) => `"${index * 3072}":0`);
    const body = Buffer.from(`{${names.join(',')}}`);
    expect(parseStrictJson(body).ok).toBe(true);
    expect(cpuMs(() => parseStrictJson(body))).toBeLessThan(100);
  });

  test('R10: a megabyte of anything is read in linear time', () => {
    for (const text of ['"'.repeat(1e6), `"${'\\u0041'.repeat(160_000)}"`, ' '.repeat(1e6), `[${'0,'.repeat(5e5)}0]`]) {
      expect(cpuMs(() => parse(text))).toBeLessThan(1000);
    }
  });

  test('accepts what JSON.stringify writes, with the same meaning', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), text => checkAgainstJsonParse(Buffer.from(text))),
      { numRuns: 1000 },
    );
  }, 60_000);

  test('agrees with JSON.parse on almost-JSON, or says why not', () => {
    const tokens = [
      '"',
      '\\',
      '\\u0061',
      '\\ud800',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      'null',
      '1e5',
      '-',
      '\n',
      '\0',
      '"a":1,',
    ];
    fuzz('strict JSON', corpusOf('json'), tokens, checkAgainstJsonParse);
  }, 60_000);
});
