import { expect, test } from 'vitest';
import { atMost, quantile } from './figure.ts';
import { figureTable } from './figure-table.ts';

test.each([
  [[3, 1, 2], 0.5, 2],
  [[1, 2, 3, 4], 0.5, 2],
  [[5], 0.99, 5],
  [Array.from({ length: 100 }, (_, index) => index + 1), 0.99, 99],
  [[7, 9], 0, 7],
  [[7, 9], 1, 9],
])('the quantile of %j at %d is %d', (samples, q, expected) => {
  expect(quantile(samples, q)).toBe(expected);
});

test('no samples meet no goal', () => {
  expect(atMost(quantile([], 0.5), 10, 'ms', []).met).toBe(false);
});

test('a figure at its goal meets it', () => {
  expect(atMost(10, 10, 'ms', [9, 10, 11, 12])).toEqual({
    ours: 10,
    unit: 'ms',
    goal: '<= 10',
    met: true,
    spread: '9 [9 10 11] 12 (n=4)',
  });
});

test('the table says what is missed', () => {
  expect(
    figureTable({ slow: atMost(11.234, 10, 'ms', [11.234]), small: { ...atMost(1, 2, 'MB', [1]), peer: 2 } }),
  ).toBe(
    `FIGURE  OURS   PEER  RATIO  UNIT  GOAL   MET  SPREAD
slow    11.23  -     -      ms    <= 10  NO   11.23 [11.23 11.23 11.23] 11.23 (n=1)
small   1      2     -      MB    <= 2   yes  1 [1 1 1] 1 (n=1)
`,
  );
});
