import { expect, test } from 'vitest';
import { refuseRealNetwork, wantsRealNetwork } from './wants-real-network.ts';

test.each([
  [false, undefined, false],
  [false, '', false],
  [false, '0', false],
  [false, '1', true],
  [true, undefined, true],
  [true, '0', true],
])('flag %s with CREEL_REAL_NETWORK=%s means %s', (flag, value, wanted) => {
  expect(wantsRealNetwork(flag, value === undefined ? {} : { CREEL_REAL_NETWORK: value })).toBe(wanted);
});

test.each(['yes', 'true', ' 1'])('CREEL_REAL_NETWORK=%j opens nothing and is named', value => {
  expect(() => wantsRealNetwork(true, { CREEL_REAL_NETWORK: value })).toThrow(/use 1 .* or unset it/);
});

test('tests refuse it, and say where it is', () => {
  expect(() => refuseRealNetwork({ CREEL_REAL_NETWORK: '1' })).toThrow(/unset CREEL_REAL_NETWORK.*--real-network/);
  expect(() => refuseRealNetwork({})).not.toThrow();
});
