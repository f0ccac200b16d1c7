import { expect, test } from 'vitest';
import { atMost, quantile } from './figure.ts';

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
  expect(atMost(10, 10, 'ms', [9, 10, 11])).toEqual({
    ours: 10,
    unit: 'ms',
    goal: '<= 10',
    met: true,
    spread: '9..11 (n=3)',
  });
});
