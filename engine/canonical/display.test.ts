import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { displaySafe } from './display.ts';

test.each([
  ['plain text/é 漢字', 'plain text/é 漢字'],
  ['\u001b[31mred', '\\u{1b}[31mred'],
  ['a\nb\tc\u0000', 'a\\u{a}b\\u{9}c\\u{0}'],
  ['gpj\u202e.exe', 'gpj\\u{202e}.exe'],
  ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
  ['\u009b31m', '\\u{9b}31m'],
  ['a\u00a0b\u2028', 'a\\u{a0}b\\u{2028}'],
  ['\ud800', '\\u{d800}'],
  ['soft\u00adhyphen', 'soft\\u{ad}hyphen'],
])('%j shows as %s', (text, expected) => expect(displaySafe(text)).toBe(expected));

test('nothing that moves a cursor or hides itself comes through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(displaySafe(text)).not.toMatch(
        /\p{Cc}|\p{Cf}|\p{Cs}|\p{Zl}|\p{Zp}|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u,
      );
    }),
  );
});
