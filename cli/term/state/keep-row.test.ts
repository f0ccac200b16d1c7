import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepRow, showRow } from './keep-row.ts';

const names = fc.uniqueArray(fc.integer({ min: 0, max: 400 }).map(String), { minLength: 1, maxLength: 60 });

test('whatever comes or goes around it, the selected row stays the same row on the same line, or it is said to have moved', () => {
  fc.assert(
    fc.property(
      names,
      names,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 20 }),
      (ids, others, pick, scroll, height) => {
        const index = pick % ids.length;
        const cursor = ids[index] ?? '';
        const top = Math.max(0, index - (scroll % height));
        const next = [...new Set([...others, cursor])];
        const kept = keepRow({ ids, cursor, top }, next, height, false);
        expect(kept.cursor).toBe(cursor);
        const line = next.indexOf(cursor) - kept.top;
        if (!kept.hasMoved) expect(line).toBe(index - top);
        expect(line).toBeGreaterThanOrEqual(0);
        expect(line).toBeLessThan(height);
      },
    ),
  );
});

test('rows above it scroll out at the top: that is no move', () => {
  expect(keepRow({ ids: ['a'], cursor: 'a', top: 0 }, ['n1', 'n2', 'a'], 10, false)).toEqual({
    cursor: 'a',
    top: 2,
    hasMoved: false,
  });
});

test('a row that is gone hands over to the one in its place, and that is a move', () => {
  expect(keepRow({ ids: ['a', 'b', 'c'], cursor: 'b', top: 0 }, ['a', 'c'], 10, false)).toEqual({
    cursor: 'c',
    top: 0,
    hasMoved: true,
  });
  expect(keepRow({ ids: ['a'], cursor: 'a', top: 0 }, [], 10, false).hasMoved).toBe(true);
});

test.each([
  ['above the window', 2, 5, 2],
  ['below it', 30, 5, 21],
  ['inside it', 8, 5, 5],
  ['near the end, without blank lines', 38, 36, 30],
])('the user finds the row %s with as little scrolling as can be', (_what, index, top, expected) => {
  expect(showRow(index, top, 40, 10)).toBe(expected);
});
