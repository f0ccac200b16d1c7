import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMs } from '../../engine/bodies/testing/cpu-time.ts';
import { replaceModel } from './replace-model.ts';

function replace(text: string): string {
  const result = replaceModel(Buffer.from(text), 'new/model');
  return result.ok ? Buffer.concat(result.pieces).toString() : result.problem;
}

const members = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}`;

describe('replaceModel', () => {
  test.each([
    ['{"model":"old","messages":[]}', '{"model":"new/model","messages":[]}'],
    [
      ' {\n "a" : 1.50 , "model" : "x\\"y" , "b":"\\u00e9" } \n',
      ' {\n "a" : 1.50 , "model" : "new/model" , "b":"\\u00e9" } \n',
    ],
    ['{"mod\\u0065l":"old"}', '{"mod\\u0065l":"new/model"}'],
    ['{"messages":[{"model":"inner"}],"model":"old"}', '{"messages":[{"model":"inner"}],"model":"new/model"}'],
    ['{"a":"}","model":"old"}', '{"a":"}","model":"new/model"}'],
    ['{"a":"\\\\","model":"old"}', '{"a":"\\\\","model":"new/model"}'],
    ['{"messages":[]}', '{"model":"new/model","messages":[]}'],
    ['{}', '{"model":"new/model"}'],
    ['{"__proto__":{"model":"x"}}', '{"model":"new/model","__proto__":{"model":"x"}}'],
  ])('%s', (body, expected) => expect(replace(body)).toBe(expected));

  test.each([
    ['{"model":"a","model":"b"}', 'DuplicateKey'],
    ['{"model":"a","mod\\u0065l":"b"}', 'DuplicateKey'],
    ['{"stream":true,"stream":false}', 'DuplicateKey'],
    ['{"model":1}', 'ModelNotAString'],
    ['{"model":{"a":1}}', 'ModelNotAString'],
    ['[{"model":"a"}]', 'NotAnObject'],
    ['', 'NotAnObject'],
    ['\ufeff{"model":"a"}', 'NotAnObject'],
    ['{"model":"a"}{"model":"b"}', 'NotAnObject'],
    ['{"model":"a"', 'Unterminated'],
    ['{"model":"a', 'Unterminated'],
    ['{"model" "a"}', 'BadKey'],
    ['{model:"a"}', 'BadKey'],
    ['{"a":1,}', 'BadKey'],
    ['{"\\x":1}', 'BadKey'],
  ])('%j is refused: %s', (body, problem) => expect(replace(body)).toBe(problem));

  test('R10 a thousand members are read, a million are refused before they hold anybody up', () => {
    expect(replaceModel(Buffer.from(members(1024)), 'm')).toMatchObject({ ok: true });
    const many = Buffer.from(members(900_000));
    expect(replaceModel(many, 'm')).toEqual({ ok: false, problem: 'TooManyMembers' });
    expect(cpuMs(() => replaceModel(many, 'm'))).toBeLessThan(100);
  });

  test('UTF-16 is no object', () => {
    expect(replaceModel(Buffer.from('{"model":"a"}', 'utf16le'), 'm')).toMatchObject({ ok: false });
  });

  test('any object reads back the same but for the model', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue()).map(value => ({ ...value, model: 'old' }));
    fc.assert(
      fc.property(objects, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(JSON.parse(replace(text))).toEqual({ ...(JSON.parse(text) as object), model: 'new/model' });
      }),
      { numRuns: 2000 },
    );
  });

  test('no bytes make it throw', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', '"model"', '1', ' ');
    fc.assert(
      fc.property(fc.array(pieces), parts => void replace(parts.join(''))),
      { numRuns: 5000 },
    );
  });

  test('it tells streams', () => {
    expect(
      replaceModel(Buffer.from('{"model":"a","stream": true,"stream_options":{"include_usage": true}}'), 'm'),
    ).toMatchObject({
      wantsStream: true,
      wantsUsage: true,
    });
  });
});
