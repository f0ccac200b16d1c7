import { expect, test } from 'vitest';
import { addressesOf, chooseSubnet, maxNodes, subnetCount } from './addresses.ts';

test('a name gets the same subnet each time while nobody holds it', () => {
  expect(chooseSubnet('creel', new Set())).toBe(chooseSubnet('creel', new Set()));
});

test('a subnet that is taken is passed over, whatever the name', () => {
  const taken = new Set<number>();
  for (let count = 0; count < subnetCount; count++) {
    const chosen = chooseSubnet('creel', taken);
    if (chosen === undefined) throw new Error(`no subnet after ${count}`);
    expect(taken.has(chosen)).toBe(false);
    taken.add(chosen);
  }
  expect(chooseSubnet('creel', taken)).toBeUndefined();
});

test('no two parties of a cluster share an address', () => {
  const { host, controlPlane, outside, node } = addressesOf(7);
  const all = [host, controlPlane, outside, ...Array.from({ length: maxNodes }, (_, index) => node(index + 1))];
  expect(new Set(all).size).toBe(all.length);
});
