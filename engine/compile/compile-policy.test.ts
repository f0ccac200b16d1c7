import { describe, expect, test } from 'vitest';
import { createDecider } from '../decide/decider.ts';
import { sampleTarget } from '../decide/testing/samples.ts';
import type { ServiceLookup } from './check-peer.ts';
import { checkEgressPolicy, compilePolicy, type PolicyInputs } from './compile-policy.ts';
import { sampleClusterPolicy, sampleEgressPolicy, sampleSandbox } from './testing/objects.ts';

const services: ServiceLookup = (namespace, name) =>
  namespace === 'team' && name === 'vllm' ? { addresses: ['10.96.3.3'] } : undefined;

function compile(overrides: Partial<PolicyInputs>) {
  return compilePolicy({
    sandbox: sampleSandbox(),
    namespaceLabels: { team: 'a' },
    policies: [],
    clusterPolicies: [],
    services,
    neverAddresses: [],
    ...overrides,
  });
}

const github = { name: 'github', to: [{ host: 'API.github.com', ports: [443] }], protocol: 'TLS' };
const rule = (overrides: object) => ({ ...github, ...overrides });
const to = (peer: object, overrides: object = {}) => rule({ to: [{ ports: [443], ...peer }], ...overrides });

test('peers with the same ports make one rule, canonical', () => {
  const peers = [
    { host: 'API.github.com', ports: [443] },
    { host: '**.npm.example', ports: [443] },
    { cidr: '203.0.113.0/24', ports: [22] },
    { service: { name: 'vllm', port: 8000 } },
  ];
  const { policy, issues } = compile({ policies: [sampleEgressPolicy('p', [rule({ to: peers, protocol: 'TCP' })])] });
  expect(issues).toEqual([]);
  expect(policy.rules).toMatchObject([
    {
      id: 'team/p/github',
      ports: [443],
      hosts: [
        { kind: 'exact', name: 'api.github.com' },
        { kind: 'depth', name: 'npm.example' },
      ],
      protocol: 'TCP',
    },
    { ports: [22], cidrs: [{ cidr: '203.0.113.0/24' }] },
    { ports: [8000], services: [{ namespace: 'team', service: 'vllm', addresses: ['10.96.3.3'] }] },
  ]);
});

describe('a rule that could be misread allows nothing and says why', () => {
  test.each([
    ['P18 a mistyped field', rule({ htttp: {} }), 'UnknownField', 'htttp'],
    ['a mistyped field of a peer', to({ host: 'a.com', bianries: [] }), 'UnknownField', 'to.0.bianries'],
    ['no protocol', { name: 'x', to: github.to }, 'Invalid', 'protocol'],
    ['P17 an empty list of binaries', rule({ binaries: [] }), 'Invalid', 'binaries'],
    ['a name nobody can have', to({ host: 'ex_ample.com' }), 'BadHost', 'ex_ample.com'],
    ['P30 a command as a name', to({ host: '"; accept; #' }), 'Invalid', 'to.0.host'],
    ['P30 another', to({ host: '$(id).example.com' }), 'BadHost', '$(id)'],
    ['an address as a host', to({ host: '1.2.3.4' }), 'BadHost', '1.2.3.4/32'],
    ['P15 every .com', to({ host: '*.com' }), 'PublicSuffix', '*.com'],
    ['P15 every .co.uk', to({ host: '**.co.uk' }), 'PublicSuffix', 'co.uk'],
    ['every github.io', to({ host: '*.github.io' }), 'PublicSuffix', 'github.io'],
    ['every .svc', to({ host: '*.svc' }), 'PublicSuffix', 'svc'],
    ['the inference host', to({ host: 'inference.local' }), 'ReservedName', 'inference.local'],
    ['P24 every address', to({ cidr: '0.0.0.0/0' }), 'SyntheticRange', '0.0.0.0/0'],
    ['every IPv6 address', to({ cidr: '::/0' }), 'NeverReachable', '::/0'],
    ['link-local', to({ cidr: '169.254.0.0/16' }), 'NeverReachable', '169.254.0.0/16'],
    ['the metadata address', to({ cidr: '169.254.169.254/32' }), 'NeverReachable', '169.254'],
    ['IPv6 loopback', to({ cidr: '::1/128' }), 'NeverReachable', '::1/128'],
    ['P24 host bits', to({ cidr: '10.0.0.1/8' }), 'BadCidr', 'write 10.0.0.0/8'],
    ['the synthetic range', to({ cidr: '28.64.0.0/16' }), 'SyntheticRange', '28.64.0.0/14'],
    [
      'P24 loopback by allowedCIDRs',
      to({ host: 'a.com' }, { allowedCIDRs: ['127.0.0.0/8'] }),
      'NeverReachable',
      '127.0.0.0/8',
    ],
    [
      'a Service that is not there',
      rule({ to: [{ service: { name: 'gone', port: 1 } }] }),
      'ServiceNotFound',
      'kubectl -n team get service gone',
    ],
  ])('%s', (_what, broken, reason, text) => {
    const { policy, issues } = compile({ policies: [sampleEgressPolicy('p', [broken])] });
    expect(policy.rules.flatMap(({ hosts, cidrs }) => [...hosts, ...cidrs])).toEqual([]);
    expect(issues).toEqual(
      expect.arrayContaining([expect.objectContaining({ reason, message: expect.stringContaining(text) as string })]),
    );
  });

  test('its neighbours still hold', () => {
    const policies = [sampleEgressPolicy('p', [rule({ typo: 1, name: 'bad' }), github])];
    expect(compile({ policies }).policy.rules.map(({ id }) => id)).toEqual(['team/p/github']);
  });
});

const deny = (raw: object) => compile({ policies: [sampleEgressPolicy('p', [], [{ name: 'no', ...raw }])] });

describe('a deny rule denies at least what is understood of it', () => {
  test('without the narrowing that was mistyped', () => {
    const { policy, issues } = deny({ to: [{ host: 'evil.com', prots: [80] }], binaries: ['/bin/x'] });
    expect(policy.rules).toMatchObject([{ effect: 'Deny', ports: [], hosts: [{ name: 'evil.com' }] }]);
    expect(policy.rules[0]?.binaries).toBeUndefined();
    expect(issues).toMatchObject([{ reason: 'UnknownField' }]);
  });
  test('the whole block when host bits are set', () => {
    expect(deny({ to: [{ cidr: '9.9.9.9/24' }] }).policy.rules).toMatchObject([{ cidrs: [{ cidr: '9.9.9.0/24' }] }]);
  });
  test('also under a public suffix and for everything', () => {
    expect(deny({ to: [{ host: '**.ru' }, { cidr: '0.0.0.0/0' }] }).issues).toEqual([]);
  });
});

test('an inspected and an opaque rule on one host and port both allow nothing and name each other', () => {
  const http = to({ host: '**.a.com', ports: [80, 8080] }, { name: 'h', protocol: 'HTTP', http: { access: 'Full' } });
  const tcp = to({ host: 'x.a.com', ports: [8080] }, { name: 't', protocol: 'TCP' });
  const policies = [sampleEgressPolicy('one', [http]), sampleEgressPolicy('two', [tcp, github])];
  const { policy, issues } = compile({ policies });
  expect(policy.rules.map(({ id }) => id)).toEqual(['team/two/github']);
  expect(issues.map(({ policy: name, reason, message }) => [name, reason, message.includes('team/')])).toEqual([
    ['team/one', 'Conflict', true],
    ['team/two', 'Conflict', true],
  ]);
  expect(policies.flatMap(each => checkEgressPolicy(each, services))).toEqual([]);
});

describe('who is selected', () => {
  test('sandboxes by label, namespaces by label, other namespaces never', () => {
    const byLabel = (labels: Record<string, string>) => {
      const policy = sampleEgressPolicy('p', [github]);
      return { ...policy, spec: { ...policy.spec, sandboxSelector: { matchLabels: labels } } };
    };
    expect(compile({ policies: [byLabel({ app: 'agent' })] }).matched).toEqual(['team/p']);
    expect(compile({ policies: [byLabel({ app: 'other' })] }).matched).toEqual([]);
    const foreign = sampleEgressPolicy('p', [github]);
    expect(compile({ policies: [{ ...foreign, metadata: { ...foreign.metadata, namespace: 'x' } }] }).matched).toEqual(
      [],
    );
    const cluster = sampleClusterPolicy('c', { namespaceSelector: { matchLabels: { team: 'b' } }, freeze: true });
    expect(compile({ clusterPolicies: [cluster] }).policy.frozen).toBe(false);
    expect(compile({ clusterPolicies: [sampleClusterPolicy('c', { freeze: true })] }).policy.frozen).toBe(true);
  });

  test('a baseline adds to every sandbox', () => {
    const baseline = [github] as never;
    const { policy } = compile({ clusterPolicies: [sampleClusterPolicy('base', { baseline })] });
    expect(policy.rules.map(({ id }) => id)).toEqual(['cluster/base/github']);
  });
});

describe('a ceiling', () => {
  test.each<[string, object, object, string | undefined]>([
    ['lets through what it covers', { hosts: ['**.github.com'], ports: [443] }, github, undefined],
    ['refuses another port', { ports: [80] }, github, 'port 443'],
    ['refuses another host', { hosts: ['*.example.com'] }, github, 'host api.github.com'],
    ['refuses a wider pattern', { hosts: ['*.github.com'] }, to({ host: '**.github.com' }), 'host **.github.com'],
    [
      'refuses blocks beside a list of hosts',
      { hosts: ['**.github.com'] },
      to({ cidr: '8.0.0.0/8' }),
      'block 8.0.0.0/8',
    ],
    ['lets blocks through inside its own', { allowedCIDRs: ['8.0.0.0/7'] }, to({ cidr: '8.8.0.0/16' }), undefined],
  ])('%s', (_what, ceiling, allow, refusal) => {
    const clusterPolicies = [sampleClusterPolicy('c', { ceiling })];
    const { policy, issues } = compile({ policies: [sampleEgressPolicy('p', [allow])], clusterPolicies });
    expect(policy.rules).toHaveLength(refusal === undefined ? 1 : 0);
    expect(issues.map(({ reason, message }) => [reason, message.split(' is beyond')[0]])).toEqual(
      refusal === undefined ? [] : [['BeyondCeiling', refusal]],
    );
  });
});

test('B17 binaries without process identity are refused by name', () => {
  const sandbox = sampleSandbox({ identity: 'None', hold: '20s', onUnlisted: 'Deny' });
  const policies = [sampleEgressPolicy('p', [rule({ binaries: ['/usr/bin/git'] })])];
  const { policy, issues } = compile({ sandbox, policies });
  expect(policy).toMatchObject({ rules: [], identity: 'None', holdMs: 20_000, onUnlisted: 'Deny' });
  expect(issues).toMatchObject([{ reason: 'IdentityRequired' }]);
});

test('the hash is the content, not the order of the objects', () => {
  const [a, b] = [sampleEgressPolicy('a', [github]), sampleEgressPolicy('b', [rule({ name: 'other' })])];
  const hash = compile({ policies: [a, b] }).policy.hash;
  expect(compile({ policies: [b, a] }).policy.hash).toBe(hash);
  expect(compile({ policies: [a] }).policy.hash).not.toBe(hash);
});

test('what was compiled decides', () => {
  const { policy } = compile({
    policies: [sampleEgressPolicy('p', [github], [{ name: 'no', to: [{ host: 'evil.com' }] }])],
  });
  const decider = createDecider(policy, { hash: '', items: [] }, () => 0);
  const verdicts = ['api.github.com', 'evil.com', 'else.com'].map(host => decider.decide(sampleTarget(host)).verdict);
  expect(verdicts).toEqual(['Allow', 'Deny', 'Ask']);
});
