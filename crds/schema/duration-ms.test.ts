import { expect, test } from 'vitest';
import { durationMs } from './duration-ms.ts';

test.each([
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['1.5s', 1500],
  ['0s', 0],
  ['9999999999999999h', 3_153_600_000_000],
])('%s is %d ms', (text, ms) => expect(durationMs(text)).toBe(ms));

test.each([[''], ['5'], ['m5'], ['-1s'], ['1d'], ['1h 30m']])('%j is no duration', text =>
  expect(durationMs(text)).toBeNaN(),
);
