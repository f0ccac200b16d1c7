import { describe, expect, test } from 'vitest';
import { clusterNameFromEnvironment, parseClusterName } from './cluster-name.ts';
import { layoutOf } from './layout.ts';

describe('a cluster name', () => {
  test.each(['creel', 'a1', 'kubelet-0a1b2c', 'a2345678901234567890'])('%s is usable', name => {
    expect(parseClusterName(name)).toBe(name);
  });

  test.each(['', 'a', 'A1', '1a', 'a_b', 'a-', 'a/b', '../x', 'a23456789012345678901', 'a b'])(
    '%j is refused',
    name => {
      expect(() => parseClusterName(name)).toThrow(/cluster name .* is not usable: 2 to 20/);
    },
  );

  test('comes from the environment, and is creel otherwise', () => {
    expect(clusterNameFromEnvironment({ CREEL_CLUSTER_NAME: 'mine' })).toBe('mine');
    expect(clusterNameFromEnvironment({})).toBe('creel');
  });
});

test('the host’s interface has a name that the kernel accepts, and differs from name to name', () => {
  const interfaces = ['creel', 'creel2', 'a2345678901234567890'].map(name => layoutOf(name).hostInterface);
  expect(new Set(interfaces).size).toBe(interfaces.length);
  for (const name of interfaces) expect(name.length).toBeLessThanOrEqual(15);
});
