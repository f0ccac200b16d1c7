import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMs } from '../bodies/testing/cpu-time.ts';
import { compileGlob } from './glob.ts';
import { compilePathPattern, parsePathPattern } from './path-pattern.ts';
import { parseRequestTarget } from './request-target.ts';

function matches(pattern: string, text: string): boolean {
  const parsed = parseRequestTarget(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return compilePathPattern(pattern)(parsed.target.path);
}

describe('path patterns', () => {
  test.each([
    ['/v1/**', '/v1', true],
    ['/v1/**', '/v1/', true],
    ['/v1/**', '/v1/a/b', true],
    ['/v1/**', '/v10', false],
    ['/v1/*', '/v1/a', true],
    ['/v1/*', '/v1/a/b', false],
    ['/v1/*', '/v1/', false],
    ['/v1/*', '/v1', false],
    ['/repos/*/pulls/*/reviews', '/repos/o/pulls/7/reviews', true],
    ['/repos/**/reviews', '/repos/o/r/pulls/7/reviews', true],
    ['/repos/**/reviews', '/repos/reviews', true],
    ['/bot*/sendMessage', '/bot123:abc/sendMessage', true],
    ['/bot*/sendMessage', '/bot/sendMessage', true],
    ['/bot*/sendMessage', '/bot123/x/sendMessage', false],
    ['**', '/', true],
    ['/**', '/a/b', true],
    ['/a', '/a/', false],
    ['/a.b', '/axb', false],
    ['/@*%2F*', '/@scope%2fname', true],
    ['/a/*', '/a/b%2Fc', true],
    ['/a', '/%61', true],
  ])('P16 %s and %s: %s', (pattern, text, expected) => expect(matches(pattern, text)).toBe(expected));

  test('H32 paths are compared by case', () => expect(matches('/admin', '/Admin')).toBe(false));

  test.each([
    ['/a/../b', 'DotSegment'],
    ['/a?b', 'Query'],
    ['/a**', 'PartialDoubleStar'],
    ['/a%00', 'NotCanonical'],
    ['a', 'NoSlash'],
    ['/a'.repeat(65), 'TooManySegments'],
  ])('%s is refused: %s', (pattern, problem) => expect(parsePathPattern(pattern)).toEqual({ ok: false, problem }));

  test.each([
    ['/%61', '/a'],
    ['/a%2fb', '/a%2Fb'],
  ])('%s is refused, for it would never match; %s is meant', (pattern, suggestion) =>
    expect(parsePathPattern(pattern)).toEqual({ ok: false, problem: 'NotCanonical', suggestion }),
  );
});

describe('P25 hostile patterns and long paths', () => {
  const long = 'a'.repeat(65_536);
  test.each<[string, () => boolean]>([
    ['a glob of stars', () => compileGlob(`${'a*'.repeat(500)}b`)(long)],
    ['a glob of long parts', () => compileGlob(`*${'a'.repeat(500)}b*${'a'.repeat(400)}c`)(long)],
    ['stars inside a segment', () => compilePathPattern('/a*a*a*b')(`/${long}`)],
    ['stars for segments', () => compilePathPattern(`/**${'/*'.repeat(60)}/b`)('/a'.repeat(32_768))],
    ['many depths', () => compilePathPattern(`${'/**/a'.repeat(30)}/b`)('/a'.repeat(32_768))],
    ['a long group that nearly matches', () => compilePathPattern(`/**${'/a'.repeat(60)}/b/**`)('/a'.repeat(32_768))],
  ])('%s: no match, and no event loop held up', (_what, match) => {
    expect(match()).toBe(false);
    expect(cpuMs(match)).toBeLessThan(50);
  });
});

describe('against the slow reference', () => {
  test('paths match as they do there', () => {
    const segment = fc.constantFrom('', 'a', 'b', 'ab', 'aab');
    const part = fc.constantFrom('a', 'b', '*', 'a*', '*b', '*a*', '**', '**');
    const parts = fc.array(part, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.array(segment, { minLength: 1, maxLength: 6 }), (pattern, path) => {
        expect(matches(`/${pattern.join('/')}`, `/${path.join('/')}`)).toBe(slowly(pattern, path));
      }),
      { numRuns: 5000 },
    );
  });
  test('globs match as they do there', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 10 });
    const plain = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 14 });
    fc.assert(
      fc.property(text, plain, (glob, value) => {
        expect(compileGlob(glob)(value)).toBe(globSlowly(glob, value));
      }),
      { numRuns: 5000 },
    );
  });
});

function slowly(parts: readonly string[], path: readonly string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return path.length === 0;
  if (part === '**') return slowly(rest, path) || (path.length > 0 && slowly(parts, path.slice(1)));
  const [first, ...others] = path;
  if (first === undefined || (part === '*' && first === '')) return false;
  return globSlowly(part, first) && slowly(rest, others);
}

function globSlowly(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob.startsWith('*')) return globSlowly(glob.slice(1), text) || (text !== '' && globSlowly(glob, text.slice(1)));
  return text !== '' && text.startsWith(glob.charAt(0)) && globSlowly(glob.slice(1), text.slice(1));
}
