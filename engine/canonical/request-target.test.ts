import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequestQuery } from './request-query.ts';
import { parseRequestTarget, type TargetProblem } from './request-target.ts';

describe('a path has one canonical form', () => {
  test.each([
    ['/', '/'],
    ['/a/b?c=/../d', '/a/b'],
    ['/%61%2D%7e', '/a-~'],
    ['/a%2fb', '/a%2Fb'],
    ['/@scope%2Fname', '/@scope%2Fname'],
    ['//a//b', '//a//b'],
    ['/a;v=1/b', '/a;v=1/b'],
    ['/admin/', '/admin/'],
    ['/Admin', '/Admin'],
    ['/...', '/...'],
    ['/%C3%A9', '/%C3%A9'],
    ['/__proto__', '/__proto__'],
  ])('P16 H29 %s is %s', (text, path) =>
    expect(parseRequestTarget(text)).toMatchObject({ ok: true, target: { path } }),
  );

  test.each([
    ['//admin', '/admin'],
    ['/admin/', '/admin'],
    ['/admin;v=1/x', '/admin/x'],
    ['/%61dmin%2fx', '/admin/x'],
    ['/%40scope', '/@scope'],
    ['/', '/'],
  ])('H29 for denials %s is also %s', (text, loosePath) =>
    expect(parseRequestTarget(text)).toMatchObject({ target: { loosePath } }),
  );
});

describe('a path that can be read in two ways has none', () => {
  test.each<[string, string, TargetProblem]>([
    ['H28', '/public/../admin', 'DotSegment'],
    ['H28', '/public/%2e%2e/admin', 'DotSegment'],
    ['H28', '/public/.%2E', 'DotSegment'],
    ['H28', '/public/..;/admin', 'DotSegment'],
    ['H28', '/public/%2e%2e;x/admin', 'DotSegment'],
    ['H28', '/public/..%3bx/admin', 'DotSegment'],
    ['H28', '/%2e%2e/', 'DotSegment'],
    ['H28', '/public%2F..%2Fadmin', 'DotSegment'],
    ['H29', '/./admin', 'DotSegment'],
    ['H29', '/a//../b', 'DotSegment'],
    ['H30', '/a%5cb', 'Backslash'],
    ['H30', '/a\\b', 'Backslash'],
    ['H30', '/a%252fb', 'DoubleEscape'],
    ['H31', '/a%00', 'Nul'],
    ['H31', '/a\0', 'Nul'],
    ['H31', '/a%0d%0a', 'Control'],
    ['H31', '/a b', 'Control'],
    ['H31', '/%c0%ae%c0%ae/', 'BadUtf8'],
    ['H31', '/%ed%a0%80', 'BadUtf8'],
    ['H31', '/%ff', 'BadUtf8'],
    ['H31', '/%u002e', 'BadEscape'],
    ['H31', '/a%zz', 'BadEscape'],
    ['H31', '/a%2', 'BadEscape'],
    ['H31', '/\xc0\xae', 'NonAscii'],
    ['H31', `/${'a'.repeat(33 * 1024)}`, 'TooLong'],
    ['H31', '/a'.repeat(600), 'TooManySegments'],
    ['H46', 'http://x/', 'NotOriginForm'],
    ['H46', '*', 'NotOriginForm'],
    ['H46', '/a#b', 'Fragment'],
  ])('%s %j: %s', (_id, text, problem) => expect(parseRequestTarget(text)).toEqual({ ok: false, problem }));
});

test('a canonical path is canonical again, and never one that the URL parser would change', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '%2e',
    '%2F',
    '%61',
    'a',
    ';',
    '%',
    '%5c',
    '//',
    'é',
    '%C3%A9',
    '~',
    '?',
    '@',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), pieces => {
      const parsed = parseRequestTarget(`/${pieces.join('')}`);
      if (!parsed.ok) return;
      const { path } = parsed.target;
      expect(parseRequestTarget(path)).toMatchObject({ ok: true, target: { path } });
      expect(new URL(`http://h/${path}`).pathname).toBe(`/${path}`);
    }),
    { numRuns: 5000 },
  );
});

describe('a query is pairs in order', () => {
  test('H33 only & separates, + is a blank, keys may repeat, P26 and no key is special', () => {
    expect(parseRequestQuery('a=1&a=2;b=3&c+d=%26&bare&=x&__proto__=y&constructor')).toEqual([
      ['a', '1'],
      ['a', '2;b=3'],
      ['c d', '&'],
      ['bare', ''],
      ['', 'x'],
      ['__proto__', 'y'],
      ['constructor', ''],
    ]);
  });
  test.each(['a=%zz', 'a=%c0%ae', '%=1', 'a&'.repeat(1025), `a=${'x'.repeat(70_000)}`])('%.20s is not certain', query =>
    expect(parseRequestQuery(query)).toBeUndefined(),
  );
  test('it reads what URLSearchParams reads', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 }), pairs => {
        const wellFormed = pairs.map(pair => pair.map(text => text.toWellFormed()));
        expect(parseRequestQuery(new URLSearchParams(wellFormed as [string, string][]).toString())).toEqual(wellFormed);
      }),
    );
  });
});
