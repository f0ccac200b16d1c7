import { array, assert, constantFrom, dictionary, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { holdsInvisible } from './escape-invisible.ts';
import { formatJson, formatYaml } from './format-documents.ts';

const hostile = string({
  unit: constantFrom(
    'a',
    ' ',
    '\u001b[2J',
    '\u202e',
    '\u200b',
    '\r',
    '\n',
    '\u0085',
    '\u{e0001}',
    '"',
    "'",
    '\\',
    ':',
    '#',
  ),
});

test('whatever a value holds, YAML and JSON give it back and show nothing that drives a terminal', () => {
  assert(
    property(dictionary(hostile, oneof(hostile, array(hostile))), object => {
      for (const text of [formatYaml(object), formatJson(object)]) {
        expect(holdsInvisible(text)).toBe(false);
        expect(parse(text, { version: '1.1' })).toEqual(object);
      }
    }),
  );
});

test('what YAML 1.1 would take for something else is quoted', () => {
  expect(formatYaml({ mode: '0644', answer: 'yes', time: '1:30' })).toBe('mode: "0644"\nanswer: "yes"\ntime: "1:30"\n');
});
