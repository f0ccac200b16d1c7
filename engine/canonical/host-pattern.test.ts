import { expect, test } from 'vitest';
import { formatHostPattern, parseHostPattern, patternMatches } from './host-pattern.ts';

test.each([
  ['API.example.com', 'api.example.com', true],
  ['api.example.com', 'apixexample.com', false],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', 'a.b.example.com', false],
  ['*.example.com', 'example.com', false],
  ['**.example.com', 'a.b.example.com', true],
  ['**.example.com', 'example.com', false],
  ['**.example.com', 'evilexample.com', false],
])('%s matches %s: %s', (text, name, expected) => {
  const parsed = parseHostPattern(text);
  expect(parsed.ok && patternMatches(parsed.pattern, name)).toBe(expected);
  expect(parsed.ok && formatHostPattern(parsed.pattern)).toBe(text.toLowerCase());
});

test.each([
  ['*', 'BadWildcard'],
  ['**', 'BadWildcard'],
  ['a*b.com', 'BadWildcard'],
  ['a.*.com', 'BadWildcard'],
  ['***.com', 'BadWildcard'],
  ['*.', 'Empty'],
  ['1.2.3.4', 'IsAddress'],
  ['*.1.2.3.4', 'IsAddress'],
  ['exa mple.com', 'BadCharacter'],
])('%s is refused: %s', (text, problem) => expect(parseHostPattern(text)).toEqual({ ok: false, problem }));
