import { array, assert, constantFrom, property, record, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import type { CompiledRule, HostPattern } from '../../protocol/snapshot.ts';
import { cidrsOverlap, parseCidr } from '../canonical/cidr.ts';
import { patternMatches } from '../canonical/host-pattern.ts';
import { findConflicts } from './find-conflicts.ts';

const rule = (id: string, parts: Partial<CompiledRule>): CompiledRule => ({
  id,
  effect: 'Allow',
  hosts: [],
  cidrs: [],
  services: [],
  ports: [443],
  protocol: 'TLS',
  mode: 'Enforce',
  allowedCidrs: [],
  ...parts,
});
const host = (kind: HostPattern['kind'], name: string): HostPattern => ({ kind, name });

test('one pair is one conflict, however much the two have in common', () => {
  const hosts = [host('exact', 'a.example.com'), host('depth', 'example.com')];
  const found = findConflicts([rule('x', { hosts, protocol: 'HTTP' }), rule('y', { hosts })]);
  expect(found).toEqual([{ a: 'x', b: 'y', where: 'a.example.com:443' }]);
});

test('another port, the same kind, and deny rules are none', () => {
  const hosts = [host('exact', 'a.example.com')];
  const inspected = rule('x', { hosts, protocol: 'HTTP' });
  expect(findConflicts([inspected, rule('y', { hosts, ports: [80] })])).toEqual([]);
  expect(findConflicts([inspected, { ...inspected, id: 'y' }])).toEqual([]);
  expect(findConflicts([inspected, rule('y', { hosts, effect: 'Deny' })])).toEqual([]);
});

test('it finds what comparing every peer with every other finds', () => {
  const labels = constantFrom('a', 'b');
  const names = array(labels, { minLength: 1, maxLength: 4 }).map(parts => `${parts.join('.')}.example`);
  const hosts = array(
    record({ kind: constantFrom<HostPattern['kind'][]>('exact', 'label', 'depth'), name: names }).map(
      ({ kind, name }) => host(kind, name),
    ),
    { maxLength: 3 },
  );
  const cidrs = array(
    constantFrom(
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.1.2.0/24',
      '10.1.2.3/32',
      '192.0.2.0/24',
      '2001:db8::/32',
      '2001:db8:1::/48',
    ).map(cidr => ({ cidr })),
    { maxLength: 2 },
  );
  const peers = record({ hosts, cidrs });
  assert(
    property(
      array(tuple(peers, constantFrom<NonNullable<CompiledRule['protocol']>[]>('TLS', 'HTTP')), { maxLength: 5 }),
      list => {
        const rules = list.map(([parts, protocol], at) => rule(`r${at}`, { ...parts, protocol }));
        const pairs = findConflicts(rules).map(({ a, b }) => `${a} ${b}`);
        expect(pairs).toEqual(slowly(rules));
      },
    ),
    { numRuns: 2000 },
  );
});

function slowly(rules: readonly CompiledRule[]): string[] {
  const inspected = rules.filter(({ protocol }) => protocol === 'HTTP');
  const opaque = rules.filter(({ protocol }) => protocol === 'TLS');
  return inspected.flatMap(a => opaque.filter(b => hostsMeet(a, b) || blocksMeet(a, b)).map(b => `${a.id} ${b.id}`));
}

const matches = ({ hosts }: CompiledRule, name: string) => hosts.some(pattern => patternMatches(pattern, name));

/** By trying every name there is in the test's small world. */
function hostsMeet(a: CompiledRule, b: CompiledRule): boolean {
  return everyName.some(name => matches(a, name) && matches(b, name));
}

const everyName = (() => {
  const names: string[] = [];
  let level = [''];
  for (let depth = 0; depth < 6; depth++) {
    level = level.flatMap(below => [`a.${below}`, `b.${below}`]);
    names.push(...level.map(name => `${name}example`));
  }
  return names;
})();

function blocksMeet(a: CompiledRule, b: CompiledRule): boolean {
  return a.cidrs.some(left =>
    b.cidrs.some(right => {
      const [one, other] = [parseCidr(left.cidr), parseCidr(right.cidr)];
      return one.ok && other.ok && cidrsOverlap(one.cidr, other.cidr);
    }),
  );
}
