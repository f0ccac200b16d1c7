import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { hostileTexts } from '../testing/hostile-texts.ts';
import { bench, sampleRequest } from '../testing/samples.ts';
import { detailLines } from './detail-lines.ts';
import { requestLine } from './request-line.ts';

const theme = { hasColor: true, isAscii: false };
// oxlint-disable-next-line no-control-regex -- that is what must not be there
const driver = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const count = 10_000;

test(`A09 of ${count} hostile requests none gets a control byte past the list or the detail, nor a column out of its place`, () => {
  const short = hostileTexts.filter(({ length }) => length < 100);
  const text = fc.oneof(
    { weight: 500, arbitrary: fc.constantFrom(...short) },
    { weight: 500, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 2, arbitrary: fc.constantFrom(...hostileTexts) },
  );
  const texts = fc.sample(text, { numRuns: count * 2, seed: 9 });
  const at = bench({ columns: 200, rows: 50 });
  const wrong: string[] = [];
  for (let index = 0; index < count; index++) {
    const [host = '', other = ''] = texts.slice(2 * index, 2 * index + 2);
    const status = {
      samples: [other],
      history: [{ at: '2026-01-01T00:00:00Z', phase: 'Pending' as const, by: other, message: host }],
    };
    const hostile = sampleRequest(`r${index}`, {
      host,
      binary: other,
      sandbox: host,
      status,
      decision: { verdict: 'Deny', reason: other },
    });
    const row = {
      uid: `r${index}`,
      request: hostile,
      section: 'Open',
      isGone: false,
      group: { key: host, size: 1, place: 'Only' },
    } as const;
    const state = { ...at.state(), cursor: { requests: row.uid }, rows: { sandboxes: [], requests: [row] } };
    const line = requestLine(state, row, 84, theme)
      .map(part => part.text)
      .join('');
    if (stringWidth(line) !== 84) wrong.push(`pushes a column: ${JSON.stringify(line)}`);
    const detail = detailLines(state, 66, theme).map(parts => parts.map(part => part.text).join(''));
    for (const shown of [line, ...detail]) {
      if (driver.test(shown)) wrong.push(`drives the terminal: ${JSON.stringify(shown)}`);
      if (stringWidth(shown) > 84) wrong.push(`is too wide: ${JSON.stringify(shown)}`);
    }
  }
  expect(wrong).toEqual([]);
}, 240_000);
