import { describe, expect, test } from 'vitest';
import type { CompiledRule } from '../../../../protocol/snapshot.ts';
import { sampleSnapshot, sampleWorld } from '../../../testing/sample-sandbox.ts';
import { exactBlock, isPublicBlock, publicBlocks } from './address-blocks.ts';
import { findWidening } from './find-widening.ts';
import { planWall, type WallDemand } from './plan-wall.ts';

const { wall } = sampleWorld();
const rule = (fields: Partial<CompiledRule>): CompiledRule => ({
  id: 'n/p/r',
  effect: 'Allow',
  hosts: [],
  cidrs: [],
  services: [],
  ports: [443],
  protocol: 'TLS',
  mode: 'Enforce',
  allowedCidrs: [],
  ...fields,
});
const demand = (rules: readonly CompiledRule[], change: Partial<WallDemand> = {}): WallDemand => {
  const snapshot = sampleSnapshot();
  return { ...snapshot, policy: { ...snapshot.policy, rules }, ...change };
};
const facts = {
  ...wall,
  service: (namespace: string, name: string) =>
    name === 'vllm'
      ? { namespace, name, selector: { app: 'vllm' }, ports: [{ port: 80, targetPort: 'http' }], endpoints: [] }
      : undefined,
};
const blocksOf = (rules: ReturnType<typeof planWall>) =>
  rules.flatMap(({ to }) => to.flatMap(({ ipBlock }) => ipBlock?.cidr ?? []));

test('a sandbox with nothing reaches resolver and hub only', () => {
  for (const nothing of [undefined, demand([])])
    expect(planWall(nothing, wall)).toEqual([
      {
        to: wall.resolver,
        ports: [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ],
      },
      { to: [wall.hub], ports: [{ protocol: 'TCP', port: 8443 }] },
    ]);
});

test('a peer nobody knows opens nothing: a rule without peers would mean everywhere', () => {
  expect(planWall(undefined, { ...wall, resolver: [] })).toHaveLength(1);
  expect(planWall(demand([rule({})]), { ...wall, resolver: [] }).every(({ to }) => to.length > 0)).toBe(true);
});

describe('an upstream proxy', () => {
  const upstreamProxy = { host: '10.9.8.7', port: 3128, noProxy: [] };
  const behind = { ...wall, proxyBlocks: ['10.9.8.7/32'] };
  const admitted = (rules: readonly CompiledRule[], change: Partial<WallDemand> = {}, where = behind) =>
    planWall(demand(rules, { upstreamProxy, ...change }), where).find(({ ports }) => ports[0]?.port === 3128);

  test('at a private address is admitted, on its port alone', () => {
    expect(admitted([rule({})])).toEqual({
      to: [{ ipBlock: { cidr: '10.9.8.7/32' } }],
      ports: [{ protocol: 'TCP', port: 3128 }],
    });
  });

  test('is not where nothing may leave, nor at a node, nor a second time where it is public', () => {
    expect(admitted([])).toBeUndefined();
    expect(admitted([rule({})], { policy: { ...sampleSnapshot().policy, frozen: true } })).toBeUndefined();
    expect(admitted([rule({})], {}, { ...behind, excluded: ['10.9.8.7/32'] })).toBeUndefined();
    expect(admitted([rule({})], {}, { ...behind, proxyBlocks: ['8.8.8.8/32'] })).toBeUndefined();
  });
});

test('a Service whose endpoints are written by hand opens neither node nor API server', () => {
  const endpoints = ['10.0.0.5', '10.96.0.1', '10.20.0.9'];
  const service = (namespace: string, name: string) => ({ namespace, name, ports: [], endpoints });
  const rules = [rule({ services: [{ namespace: 'a', service: 'by-hand', addresses: ['10.96.7.7'], names: [] }] })];
  const open = (excluded: readonly string[]) =>
    blocksOf(planWall(demand(rules), { ...wall, service, excluded })).filter(cidr => cidr.startsWith('10.'));
  expect(open([])).toEqual(['10.0.0.5/32', '10.20.0.9/32', '10.96.0.1/32']);
  expect(open(['10.0.0.5', '10.96.0.1'])).toEqual(['10.20.0.9/32']);
});

describe('public addresses open as soon as one could be allowed:', () => {
  const asking = demand([]);
  test.each<[string, WallDemand]>([
    ['a rule', demand([rule({ hosts: [{ kind: 'exact', name: 'a.example' }] })])],
    ['asking', { ...asking, policy: { ...asking.policy, onUnlisted: 'Ask' } }],
    ['a grant', demand([], { grants: { hash: '', items: [{ id: 'a', host: 'a.example', port: 22 }] } })],
    [
      'inference',
      demand([], {
        route: {
          hash: '',
          profile: 'p',
          provider: 'OpenAI',
          endpoint: 'https://m.example/v1',
          allowedCidrs: [],
          model: 'm',
          models: [],
          timeoutMs: 1,
          maxRequestBytes: 1,
        },
      }),
    ],
  ])('%s', (_what, wanted) => expect(blocksOf(planWall(wanted, wall))).toEqual(['0.0.0.0/0', '::/0']));

  test('but a deny rule opens none, and a frozen sandbox has none', () => {
    expect(blocksOf(planWall(demand([rule({ effect: 'Deny' })]), wall))).toEqual([]);
    const frozen = demand([rule({})]);
    expect(planWall({ ...frozen, policy: { ...frozen.policy, frozen: true } }, wall)).toHaveLength(2);
  });

  test('private ranges, node and API server stay out', () => {
    const [v4, v6] = publicBlocks(['203.0.113.9/32', '10.96.0.1/32', '2001:db8::9/128']);
    expect(v4?.except).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '100.64.0.0/10', '203.0.113.9/32']),
    );
    expect(v4?.except).not.toContain('10.96.0.1/32');
    expect(v6?.except).toEqual(expect.arrayContaining(['fc00::/7', 'fe80::/10', '64:ff9b::/96', '2001:db8::9/128']));
  });
});

describe('private and service peers are named exactly', () => {
  test('a private block with its ports, less what is excluded inside it', () => {
    const [, , , peer] = planWall(demand([rule({ cidrs: [{ cidr: '10.96.0.0/16' }], ports: [22, 443] })]), wall);
    expect(peer).toEqual({
      to: [{ ipBlock: { cidr: '10.96.0.0/16', except: ['10.96.0.1/32'] } }],
      ports: [
        { protocol: 'TCP', port: 22 },
        { protocol: 'TCP', port: 443 },
      ],
    });
  });
  test('a block that is excluded whole is left out', () => {
    expect(exactBlock('203.0.113.9/32', ['203.0.113.0/24'])).toBeUndefined();
    expect(exactBlock('10.0.0.1/32', ['10.0.0.1/32'])).toBeUndefined();
  });
  test('private addresses that a name may resolve to', () => {
    expect(blocksOf(planWall(demand([rule({ allowedCidrs: ['10.20.0.0/16'] })]), wall))).toContain('10.20.0.0/16');
  });
  test('a granted private address', () => {
    const grants = { hash: '', items: [{ id: 'a', host: '10.1.2.3', port: 5432 }] };
    expect(planWall(demand([], { grants }), wall).at(-1)).toEqual({
      to: [{ ipBlock: { cidr: '10.1.2.3/32' } }],
      ports: [{ protocol: 'TCP', port: 5432 }],
    });
  });
  test("a Service by its pods, on the pods' port", () => {
    const service = { namespace: 'ml', service: 'vllm', addresses: ['10.96.1.1'], names: ['vllm.ml.svc'] };
    expect(planWall(demand([rule({ services: [service], ports: [80] })]), facts).at(-1)).toEqual({
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ml' } },
          podSelector: { matchLabels: { app: 'vllm' } },
        },
      ],
      ports: [{ protocol: 'TCP', port: 'http' }],
    });
  });
});

test.each([
  ['203.0.113.0/24', true],
  ['8.8.8.8', true],
  ['10.0.0.0/8', false],
  ['0.0.0.0/0', false],
  ['169.254.169.254', false],
  ['fd00::1', false],
  ['2600::/16', true],
])('%s is public: %s', (cidr, expected) => expect(isPublicBlock(cidr)).toBe(expected));

test.each<[string, object, string[]]>([
  ['selects all and allows all', { podSelector: {}, egress: [{}] }, ['other']],
  [
    'selects by expression',
    { podSelector: { matchExpressions: [{ key: 'creel.dev/sandbox', operator: 'Exists' }] }, egress: [{}] },
    ['other'],
  ],
  ['selects other pods', { podSelector: { matchLabels: { app: 'web' } }, egress: [{}] }, []],
  ['allows nothing', { podSelector: {}, policyTypes: ['Egress'] }, []],
  ['lets somebody in', { podSelector: {}, ingress: [{}] }, ['other']],
])('a NetworkPolicy that %s', (_what, spec, names) => {
  const policies = [
    { metadata: { name: 'other' }, spec },
    { metadata: { name: 'own' }, spec: { podSelector: {}, egress: [{}] } },
  ];
  expect(findWidening(policies, { 'creel.dev/sandbox': 'a' }, 'own')).toEqual(names);
});
