import { expect, test } from 'vitest';
import { formatAge } from './format-age.ts';

const nowMs = Date.UTC(2026, 0, 1);
test.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [7199, '119m'],
  [7200, '2h'],
  [172_799, '47h'],
  [172_800, '2d'],
  [-5, '0s'],
])('an object of %d seconds is %s old', (seconds, expected) => {
  expect(formatAge(nowMs - seconds * 1000, nowMs)).toBe(expected);
});
