import { describe, expect, test } from 'vitest';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { checkEgressPolicy } from './compile-policy.ts';
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
