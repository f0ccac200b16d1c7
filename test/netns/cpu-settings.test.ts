import { expect, test } from 'vitest';
import { cpuSettings } from './cpu-settings.ts';

test.each([
  [1, {}, { 'cpu.shares': '2', 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '-1' }],
  [1, { requests: { cpu: '10m' } }, { 'cpu.shares': '10', 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '-1' }],
  [
    1,
    { requests: { cpu: '2' }, limits: { cpu: '1500m' } },
    { 'cpu.shares': '2048', 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '150000' },
  ],
  [2, { requests: { cpu: '1' }, limits: { cpu: '0.5' } }, { 'cpu.weight': '39', 'cpu.max': '50000 100000' }],
  [2, { requests: { cpu: '10m' } }, { 'cpu.weight': '1', 'cpu.max': 'max 100000' }],
] as const)('control groups of version %d of a container with %j', (version, resources, expected) => {
  expect(Object.fromEntries(cpuSettings(resources, version))).toEqual(expected);
});
