import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { hostileTexts } from '../testing/hostile-texts.ts';
import { fit, fitRight, fitTail, wrap } from './cells.ts';

const utf8 = { hasColor: true, isAscii: false };
const ascii = { hasColor: false, isAscii: true };
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(...hostileTexts),
);
const width = fc.integer({ min: 0, max: 60 });
// oxlint-disable-next-line no-control-regex -- that is what must not be there
const driver = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

const squeezed = (value: string) => value.replaceAll(' ', '');

test.each([
  ['fit', fit],
  ['fitTail', fitTail],
  ['fitRight', fitRight],
])('%s is exactly as wide as asked, and drives no terminal, whatever the text', (_name, fitted) => {
  fc.assert(
    fc.property(anyText, width, (text, cells) => {
      for (const theme of [utf8, ascii]) {
        const shown = fitted(text, cells, theme);
        expect(stringWidth(shown)).toBe(cells);
        expect(shown).not.toMatch(driver);
      }
    }),
  );
});

test('without UTF-8 everything is ASCII', () => {
  fc.assert(
    fc.property(anyText, text => {
      expect(fit(text, 40, ascii)).toMatch(/^[ -~]{40}$/);
    }),
  );
});

test('wrapped lines lose no character and are never too wide', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 8, max: 60 }), (text, cells) => {
      const lines = wrap(text, cells, utf8);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(cells);
      expect(squeezed(lines.join(''))).toBe(squeezed(fit(text, 100_000, utf8)));
    }),
  );
});

test('of a host the end stays: it says whose it is', () => {
  expect(fitTail('api.github.com.evil.example', 14, utf8)).toBe('….evil.example');
  expect(fitTail('api.github.com.evil.example', 14, ascii)).toBe('~.evil.example');
});

test.each([
  ['wide characters', '日本語テスト', '日本語テ…  '],
  ['emoji', '🙂🙂🙂🙂🙂🙂', '🙂🙂🙂🙂…  '],
  ['flags', '🇩🇪x', '\\u{1f1e9}…'],
])('%s do not push a column', (_what, text, expected) => {
  expect(`${fit(text, 10, utf8)} `).toBe(`${expected.trimEnd()}${' '.repeat(11 - stringWidth(expected.trimEnd()))}`);
});
