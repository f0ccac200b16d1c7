import { describe, expect, test } from 'vitest';
import type { AllowRule } from '../../crds/schema/egress-rule.ts';
import { compilePolicy } from './compile-policy.ts';
import { sampleClusterPolicy, sampleEgressPolicy, sampleSandbox } from './testing/objects.ts';

const services = () => undefined;

function compile(rules: readonly object[], ceiling?: object) {
  return compilePolicy({
    sandbox: sampleSandbox(),
    namespaceLabels: {},
    policies: [sampleEgressPolicy('p', rules)],
    clusterPolicies: ceiling === undefined ? [] : [sampleClusterPolicy('c', { ceiling })],
    services,
    neverAddresses: [],
  });
}

const base = { name: 'r', to: [{ host: 'api.example.com', ports: [443] }] };
const http = (block: AllowRule['http'], rest: object = {}) => ({ ...base, protocol: 'HTTP', http: block, ...rest });
const signed = (credential: object, rest: object = {}) =>
  http({ access: 'Full' }, { credential: { secretRef: { name: 's', key: 'k' }, ...credential }, ...rest });

describe('each protocol block is compiled', () => {
  test.each<[string, object, object]>([
    [
      'http',
      http({ access: 'ReadOnly', allow: [{ methods: ['GET', '*'], path: '/a/**', query: { q: '*' } }], deny: [{}] }),
      { kind: 'HTTP', access: 'ReadOnly', allow: [{ path: '/a/**', query: { q: '*' } }], deny: [{}] },
    ],
    [
      'graphql',
      { ...base, protocol: 'GraphQL', graphql: { operations: ['Query'], path: '/graphql' } },
      { kind: 'GraphQL', operations: ['Query'], path: '/graphql' },
    ],
    [
      'jsonRpc',
      { ...base, protocol: 'JSONRPC', jsonRpc: { methods: ['eth_*'] } },
      { kind: 'JSONRPC', methods: ['eth_*'] },
    ],
    ['mcp', { ...base, protocol: 'MCP', mcp: { tools: ['search'] } }, { kind: 'MCP', tools: ['search'] }],
    ['webSocket', { ...base, protocol: 'WebSocket', webSocket: { path: '/ws' } }, { kind: 'WebSocket', path: '/ws' }],
  ])('%s', (_what, rule, inspection) => {
    const { policy, issues } = compile([rule]);
    expect(issues).toEqual([]);
    expect(policy.rules).toMatchObject([{ inspection, protocol: inspection['kind' as keyof object], ports: [443] }]);
  });

  test('a plain rule has none', () => {
    expect(compile([{ ...base, protocol: 'TLS' }]).policy.rules[0]).not.toHaveProperty('inspection');
  });

  test('ancestors and credentials go along', () => {
    const rule = signed({ as: 'Header', header: 'X-Key' }, { binaries: ['/usr/bin/git'], ancestors: true });
    expect(compile([rule]).policy.rules).toMatchObject([
      { ancestors: true, credential: { ref: 'team/s/k', as: 'Header', header: 'X-Key' } },
    ]);
  });
});

describe('a block that could be misread allows nothing and says why', () => {
  const bad = (path: string) => http({ allow: [{ path }] });
  test.each<[string, object, string, string]>([
    ['P17 an empty block', http({}), 'AllowsNothing', 'http'],
    ['P17 only denials', http({ deny: [{ path: '/x' }] }), 'AllowsNothing', 'http'],
    ['P17 an empty pattern', http({ allow: [{}] }), 'AllowsAll', 'access: Full'],
    ['P17 an empty list of methods', http({ allow: [{ methods: [] }] }), 'Invalid', 'http.allow.0.methods'],
    ['P16 a dot segment', bad('/a/../b'), 'BadPath', 'lead to'],
    ['P16 an escape that is not needed', bad('/%61'), 'BadPath', 'write /a'],
    ['P16 an escape in lower case', bad('/a%2fb'), 'BadPath', 'write /a%2Fb'],
    ['a query in the path', bad('/a?b=c'), 'BadPath', 'query:'],
    ['** inside a segment', bad('/a**'), 'BadPath', '**'],
    ['a backslash', bad('/a\\b'), 'BadPath', 'backslash'],
    ['P17 graphql without a list', { ...base, protocol: 'GraphQL', graphql: {} }, 'AllowsNothing', 'graphql'],
    ['P17 an empty list', { ...base, protocol: 'GraphQL', graphql: { fields: [] } }, 'AllowsNothing', 'graphql'],
    ['a hash that is none', { ...base, protocol: 'GraphQL', graphql: { persisted: ['X'] } }, 'Invalid', 'sha256'],
    ['P17 no methods', { ...base, protocol: 'JSONRPC', jsonRpc: { methods: [] } }, 'AllowsNothing', 'jsonRpc'],
    ['P17 an empty mcp block', { ...base, protocol: 'MCP', mcp: {} }, 'AllowsNothing', 'mcp'],
    ['an MCP path', { ...base, protocol: 'MCP', mcp: { tools: ['x'], path: '/./mcp' } }, 'BadPath', 'mcp.path'],
    ['a field of another name', http({ access: 'Full', denny: [] } as never), 'UnknownField', 'http.denny'],
    ['ancestors of nobody', http({ access: 'Full' }, { ancestors: true }), 'Invalid', 'ancestors needs binaries'],
    ['a header without a name', signed({ as: 'Header' }), 'BadCredential', 'X-Api-Key'],
    ['a name without a header', signed({ as: 'Bearer', header: 'X-Key' }), 'BadCredential', 'leave it out'],
    ['Basic without a user', signed({ as: 'Basic' }), 'BadCredential', 'username'],
    ['a user with a colon', signed({ as: 'Basic', username: 'a:b' }), 'BadCredential', 'colon'],
    ['H19 Host', signed({ as: 'Header', header: 'Host' }), 'BadCredential', 'Host'],
    ['H19 Content-Length', signed({ as: 'Header', header: 'content-length' }), 'BadCredential', 'content-length'],
    ['H19 Transfer-Encoding', signed({ as: 'Header', header: 'Transfer-Encoding' }), 'BadCredential', 'Transfer'],
    ['H19 Connection', signed({ as: 'Header', header: 'Connection' }), 'BadCredential', 'Connection'],
    [
      'a secret in the clear',
      signed({ as: 'Bearer' }, { to: [{ host: 'api.example.com', ports: [80, 443] }] }),
      'BadCredential',
      'unencrypted',
    ],
  ])('%s', (_what, rule, reason, text) => {
    const { policy, issues } = compile([rule]);
    expect(
      policy.rules.filter(({ inspection }) => inspection?.kind !== 'HTTP' || inspection.deny.length === 0),
    ).toEqual([]);
    expect(issues).toMatchObject([{ reason }]);
    expect(issues[0]?.message).toContain(text);
  });
});

const denials = (result: ReturnType<typeof compile>) => result.policy.rules.map(({ inspection }) => inspection);

describe('deny patterns outlive their rule', () => {
  const deny = [{ path: '/admin/**' }];
  const left = [{ kind: 'HTTP', allow: [], deny }];

  test('when it is misread', () => {
    expect(denials(compile([http({ access: 'Full', allow: [{}], deny })]))).toEqual(left);
  });
  test('when it is beyond a ceiling, and its credential does not', () => {
    const result = compile(
      [http({ access: 'Full', deny }, { credential: { secretRef: { name: 's', key: 'k' }, as: 'Bearer' } })],
      {
        credentials: false,
      },
    );
    expect(denials(result)).toEqual(left);
    expect(result.policy.rules[0]).not.toHaveProperty('credential');
    expect(result.issues).toMatchObject([
      { reason: 'BeyondCeiling', message: expect.stringContaining('a credential') as string },
    ]);
  });
  test('in a conflict', () => {
    expect(denials(compile([http({ access: 'Full', deny }), { ...base, name: 't', protocol: 'TLS' }]))).toEqual(left);
  });
  test('as they were meant, or more of it', () => {
    const bad = [{ path: '/%61dmin' }, { methods: ['GET'], path: '/a/../b' }];
    expect(denials(compile([http({ access: 'Full', deny: bad })]))).toEqual([
      { kind: 'HTTP', allow: [], deny: [{ path: '/admin' }, { methods: ['GET'] }] },
    ]);
  });
});

test.each([
  ['GraphQL', { graphql: { fields: ['x'] } }],
  ['JSONRPC', { jsonRpc: { methods: ['x'] } }],
  ['MCP', { mcp: { tools: ['x'] } }],
  ['WebSocket', { webSocket: {} }],
  ['HTTP', { http: { access: 'Full' } }],
])(
  '%s and an opaque rule on one host and port conflict; beside another inspected one they add up',
  (protocol, block) => {
    const rule = { ...base, protocol, ...block };
    expect(compile([rule, { ...base, name: 't', protocol: 'TCP' }]).issues.map(({ reason }) => reason)).toEqual([
      'Conflict',
      'Conflict',
    ]);
    expect(compile([rule, http({ access: 'ReadOnly' }, { name: 'h' })]).issues).toEqual([]);
  },
);

test('a ceiling lets credentials through unless it says false', () => {
  const rule = signed({ as: 'Bearer' });
  expect(compile([rule], { credentials: true }).issues).toEqual([]);
  expect(compile([rule], { ports: [443] }).issues).toEqual([]);
});

test.each<[string, object]>([
  ['a host', { host: 'a.com"; accept; #', ports: [443] }],
  ['a substitution', { host: '$(id).com', ports: [443] }],
  ['an option', { host: '--flag', ports: [443] }],
  ['a block', { cidr: '10.0.0.0/8; accept', ports: [443] }],
  ['a port', { host: 'a.com', ports: ['443; accept'] }],
])('P30 %s that would be a command is refused', (_what, peer) => {
  const { policy, issues } = compile([{ name: 'r', to: [peer], protocol: 'TLS' }]);
  expect(policy.rules).toEqual([]);
  expect(issues.length).toBeGreaterThan(0);
});
