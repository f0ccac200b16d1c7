import { describe, expect, test } from 'vitest';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { checkEgressPolicy, compilePolicy } from './compile-policy.ts';
import { sampleEgressPolicy } from './testing/objects.ts';

type PolicyTest = NonNullable<EgressPolicy['spec']['tests']>[number];

const allow = [
  {
    name: 'api',
    to: [{ host: 'api.example.com', ports: [443] }],
    protocol: 'HTTP',
    http: { access: 'ReadOnly', allow: [{ methods: ['POST'], path: '/v1/**' }], deny: [{ path: '/admin/**' }] },
  },
  { name: 'git', to: [{ host: 'git.example.com', ports: [443] }], protocol: 'TLS', binaries: ['/usr/bin/git'] },
  {
    name: 'graph',
    to: [{ host: 'graph.example.com', ports: [443] }],
    protocol: 'GraphQL',
    graphql: { operations: ['Query'] },
  },
];
const deny = [{ name: 'no', to: [{ host: '**.evil.example' }] }];

function failures(request: Partial<PolicyTest['request']>, expected: PolicyTest['expect']): readonly string[] {
  const policy = sampleEgressPolicy('p', allow, deny);
  const tests: PolicyTest[] = [{ request: { host: 'api.example.com', port: 443, ...request }, expect: expected }];
  const issues = checkEgressPolicy({ ...policy, spec: { ...policy.spec, tests } }, () => undefined);
  return issues.map(({ rule, reason, message }) => `${rule} ${reason} ${message}`);
}

describe("a policy's own tests", () => {
  test.each<[string, Partial<PolicyTest['request']>, PolicyTest['expect']]>([
    ['a connection', {}, 'Allow'],
    ['P03 a name in upper case', { host: 'API.Example.com.' }, 'Allow'],
    ['P14 another port', { port: 80 }, 'Ask'],
    ['a request', { method: 'GET', path: '/x' }, 'Allow'],
    ['P28 a method nobody lists', { method: 'DELETE', path: '/x' }, 'Ask'],
    ['a listed path', { method: 'POST', path: '/v1/a?b=c' }, 'Allow'],
    ['a denied path', { method: 'GET', path: '/admin/x' }, 'Deny'],
    ['H28 an ambiguous path', { method: 'GET', path: '/v1/../admin' }, 'Deny'],
    ['a listed binary', { host: 'git.example.com', binary: '/usr/bin/git' }, 'Allow'],
    ['another binary', { host: 'git.example.com', binary: '/usr/bin/curl' }, 'Ask'],
    ['no binary', { host: 'git.example.com' }, 'Ask'],
    ['a denied host', { host: 'a.evil.example' }, 'Deny'],
    ['an unlisted host', { host: 'b.example' }, 'Ask'],
    ['P05 a host that is none', { host: 'a..b' }, 'Deny'],
    ['what its body decides', { host: 'graph.example.com', method: 'POST', path: '/' }, 'Allow'],
  ])('%s', (_what, request, expected) => {
    expect(failures(request, expected)).toEqual([]);
    const other = expected === 'Deny' ? 'Allow' : 'Deny';
    expect(failures(request, other)).toEqual([
      expect.stringMatching(new RegExp(`^tests\\[0\\] TestFailed .* is ${expected} `)),
    ]);
  });

  test('a failure names the request, what became of it, by which rule, and what was expected', () => {
    expect(failures({ method: 'GET', path: '/admin/x' }, 'Allow')).toEqual([
      'tests[0] TestFailed api.example.com:443 GET /admin/x is Deny (RequestDenied by team/p/api), not Allow',
    ]);
  });
});

const compiled = (expected: PolicyTest['expect']) => {
  const policy = sampleEgressPolicy('p', allow, deny);
  const tests: PolicyTest[] = [
    { request: { host: 'api.example.com', port: 443, method: 'GET', path: '/' }, expect: expected },
  ];
  return compilePolicy({
    sandbox: { metadata: { namespace: 'team', name: 'box' }, spec: { image: 'x' } } as never,
    namespaceLabels: {},
    policies: [{ ...policy, spec: { ...policy.spec, tests } }, sampleEgressPolicy('other', allow.slice(1, 2), [])],
    clusterPolicies: [],
    services: () => undefined,
    neverAddresses: [],
  });
};

const idsOf = (expected: PolicyTest['expect'], effect: 'Allow' | 'Deny') =>
  compiled(expected).policy.rules.flatMap(rule => (rule.effect === effect ? [rule.id] : []));

describe('a policy whose test fails', () => {
  test('allows nothing, and says so; other policies stay', () => {
    expect(idsOf('Allow', 'Allow')).toEqual(['team/other/git', 'team/p/api', 'team/p/git', 'team/p/graph']);
    expect(compiled('Allow').issues).toEqual([]);
    expect(idsOf('Deny', 'Allow').filter(id => id !== 'team/p/api')).toEqual(['team/other/git']);
    expect(compiled('Deny').issues).toMatchObject([{ policy: 'team/p', rule: 'tests[0]', reason: 'TestFailed' }]);
  });

  test('denies what it denied, deny patterns too', () => {
    expect(idsOf('Deny', 'Deny')).toEqual(expect.arrayContaining(['team/p/no']));
    expect(JSON.stringify(compiled('Deny').policy.rules)).toContain('/admin/**');
    const api = compiled('Deny').policy.rules.find(({ id, effect }) => id === 'team/p/api' && effect === 'Allow');
    if (api !== undefined) expect(api.inspection).toMatchObject({ kind: 'HTTP', allow: [] });
  });
});
