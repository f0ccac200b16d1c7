import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CompiledRule, Grant, Inspection, RequestPattern } from '../../protocol/snapshot.ts';
import { decideRequest, maxInspectedBodyBytes } from './decide-request.ts';
import type { RequestDecision, RequestHead } from './request-decision.ts';
import { sampleRule } from './testing/samples.ts';

type Http = Extract<Inspection, { kind: 'HTTP' }>;

const http = (block: Partial<Http>, overrides: Partial<CompiledRule> = {}): CompiledRule =>
  inspecting({ kind: 'HTTP', allow: [], deny: [], ...block }, overrides);

function inspecting(inspection: Inspection, overrides: Partial<CompiledRule> = {}): CompiledRule {
  const rule = sampleRule('Allow', ['api.example.com'], { id: `ns/p/${inspection.kind}`, ...overrides });
  return { ...rule, protocol: inspection.kind, inspection };
}

const allowing = (...allow: RequestPattern[]) => http({ allow });
const denying = (...deny: RequestPattern[]) => http({ access: 'Full', deny });

/** `GET /a`; with `ws` in front an upgrade. */
function headOf(text: string, contentType?: string): RequestHead {
  const [method = '', target = ''] = text.replace('ws ', '').split(' ');
  return { method, target, isWebSocket: text.startsWith('ws '), ...(contentType === undefined ? {} : { contentType }) };
}

function decide(rules: readonly CompiledRule[], request: string, grants: readonly Grant[] = []): RequestDecision {
  return decideRequest({ rules, grants }, headOf(request));
}

function post(rules: readonly CompiledRule[], target: string, body: unknown): RequestDecision {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return decideRequest({ rules, grants: [] }, headOf(`POST ${target}`, 'application/json'), Buffer.from(text));
}

const credential = (ref: string) => ({ credential: { ref, as: 'Bearer' as const } });
const persisted = (hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hash.repeat(64) } } });

/** Without a body, and known to be. */
const empty = (rule: CompiledRule, request: string) =>
  outcome(decideRequest({ rules: [rule], grants: [] }, headOf(request), Buffer.alloc(0)));

const call = (method: string, params?: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  ...(params === undefined ? {} : { params }),
});
const tool = (name: string) => call('tools/call', { name });

const outcome = (decision: RequestDecision) => ('reason' in decision ? decision.reason : decision.verdict);

describe('presets', () => {
  test.each<[string, Http['access'], string[], string[]]>([
    ['P28 ReadOnly', 'ReadOnly', ['GET', 'HEAD', 'OPTIONS'], ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']],
    ['P28 ReadWrite', 'ReadWrite', ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'], ['DELETE', 'TRACE', 'MERGE']],
    ['P28 Full', 'Full', ['GET', 'DELETE', 'TRACE', 'QUERY'], []],
    ['P17 no preset', undefined, [], ['GET', 'HEAD', 'OPTIONS', 'POST']],
    ['H35 unknown methods under ReadWrite', 'ReadWrite', [], ['get', 'FOO', 'QUERY', 'X'.repeat(1024), '__proto__']],
  ])('%s', (_what, access, allowed, others) => {
    const rules = [http(access === undefined ? {} : { access })];
    for (const method of allowed) expect(outcome(decide(rules, `${method} /x`))).toBe('Allow');
    for (const method of others) expect(outcome(decide(rules, `${method} /x`))).toBe('RequestNotAllowed');
  });
});

describe('allow patterns', () => {
  test.each<[string, RequestPattern, string, string]>([
    ['P16 a literal dot is a dot', { path: '/a.b' }, 'GET /axb', 'RequestNotAllowed'],
    ['control', { path: '/a.b' }, 'GET /a.b', 'Allow'],
    ['H32 case counts', { path: '/admin' }, 'GET /Admin', 'RequestNotAllowed'],
    ['P28 GET implies HEAD', { methods: ['GET'] }, 'HEAD /', 'Allow'],
    ['P28 GET implies no OPTIONS', { methods: ['GET'] }, 'OPTIONS /', 'RequestNotAllowed'],
    ['P28 POST implies no HEAD', { methods: ['POST'] }, 'HEAD /', 'RequestNotAllowed'],
    ['no methods are any', { path: '/a' }, 'DELETE /a', 'Allow'],
    ['P17 an empty list of methods is none', { methods: [] }, 'GET /', 'RequestNotAllowed'],
    ['unreserved escapes are their characters', { path: '/abc' }, 'GET /%61bc', 'Allow'],
    ['%2F is data inside its segment', { path: '/@s%2Fname' }, 'GET /@s%2fname', 'Allow'],
    ['and never a slash', { path: '/@s/name' }, 'GET /@s%2fname', 'RequestNotAllowed'],
    ['H28 dots are ambiguous', { path: '/public/**' }, 'GET /public/%2e%2e/admin', 'AmbiguousPath'],
    ['H28 also behind an escaped slash', { path: '/public/**' }, 'GET /public/..%2fadmin', 'AmbiguousPath'],
    ['H31 so is overlong UTF-8', { path: '/public/**' }, 'GET /public/%c0%ae', 'AmbiguousPath'],
    ['H33 a query must be there', { query: { a: '1' } }, 'GET /', 'RequestNotAllowed'],
    ['H33 control', { query: { a: '1' } }, 'GET /?a=1', 'Allow'],
    ['H33 each of its values must fit', { query: { a: '1' } }, 'GET /?a=1&a=2', 'RequestNotAllowed'],
    ['H33 ; separates nothing', { query: { a: '1' } }, 'GET /?a=1;b=2', 'RequestNotAllowed'],
    ['H33 + is a blank', { query: { a: 'x y' } }, 'GET /?a=x+y', 'Allow'],
    ['H33 %26 is data', { query: { a: 'x&b=1' } }, 'GET /?a=x%26b=1', 'Allow'],
    ['H33 a bare key is empty', { query: { a: '' } }, 'GET /?a', 'Allow'],
    ['H33 bad escapes are ambiguous', { query: { a: '*' } }, 'GET /?a=%zz', 'AmbiguousPath'],
    ['P26 no key is special', { query: { constructor: '*' } }, 'GET /', 'RequestNotAllowed'],
    ['H25 an upgrade is no request', {}, 'ws GET /', 'RequestNotAllowed'],
    ['H34 a method in the query counts', { methods: ['POST'] }, 'POST /?_method=DELETE', 'RequestNotAllowed'],
    ['H34 however it is written', { methods: ['POST'] }, 'POST /?x=%zz;%5Fmethod=delete', 'RequestNotAllowed'],
    ['H34 where the other method is allowed, too', { methods: ['POST', 'PUT'] }, 'POST /?_method=put', 'Allow'],
    ['H34 and only in a POST', { methods: ['GET'] }, 'GET /?_method=DELETE', 'Allow'],
  ])('%s', (_what, pattern, request, expected) => expect(outcome(decide([allowing(pattern)], request))).toBe(expected));

  test('where nobody looks at paths they go on unread', () => {
    expect(outcome(decide([http({ access: 'Full' })], 'GET /a/../b%zz\\'))).toBe('Allow');
    expect(outcome(decide([http({ access: 'Full' }), allowing({ path: '/x' })], 'GET /a/../b'))).toBe('AmbiguousPath');
  });
});

describe('deny patterns beat every allow and grant', () => {
  test.each<[string, RequestPattern, string, string]>([
    ['the path', { path: '/admin/**' }, 'GET /admin/x', 'RequestDenied'],
    ['control', { path: '/admin/**' }, 'GET /administrators', 'Allow'],
    ['H29 //', { path: '/admin' }, 'GET //admin', 'RequestDenied'],
    ['H29 a last slash', { path: '/admin' }, 'GET /admin/', 'RequestDenied'],
    ['H29 params', { path: '/admin' }, 'GET /admin;v=1', 'RequestDenied'],
    ['H30 an escaped slash', { path: '/admin/**' }, 'GET /admin%2fx', 'RequestDenied'],
    ['an escaped reserved character', { path: '/@evil/*' }, 'GET /%40evil/x', 'RequestDenied'],
    ['any value of a key', { query: { admin: '1' } }, 'GET /?admin=0&admin=1', 'RequestDenied'],
    ['H33 behind a ;', { query: { admin: '1' } }, 'GET /?a=b;admin=1', 'RequestDenied'],
    ['H34 the method in the query', { methods: ['DELETE'] }, 'POST /?_method=delete', 'RequestDenied'],
    ['a method in lower case', { methods: ['DELETE'] }, 'delete /', 'RequestDenied'],
    ['another method passes', { methods: ['DELETE'] }, 'POST /', 'Allow'],
    ['an upgrade', { path: '/ws' }, 'ws GET /ws', 'RequestDenied'],
  ])('%s', (_what, pattern, request, expected) => {
    const grant: Grant = { id: 'apr', host: 'api.example.com', port: 443 };
    expect(outcome(decide([denying(pattern)], request, [grant]))).toBe(expected);
    expect(outcome(decide([denying(pattern), http({ access: 'Full' }, { id: 'a' })], request))).toBe(expected);
  });
});

describe('grants', () => {
  const whole: Grant = { id: 'apr-w', host: 'api.example.com', port: 443 };
  const one: Grant = { ...whole, id: 'apr-1', requests: [{ method: 'POST', path: '/repos/a' }] };
  const rules = [http({ access: 'ReadOnly' })];

  test.each<[string, Grant, string, object]>([
    ['of the host are Full', whole, 'DELETE /x', { verdict: 'Allow', by: 'Grant', id: 'apr-w' }],
    ['of the host let upgrades through', whole, 'ws GET /x', { verdict: 'Allow', by: 'Grant' }],
    ['of one request let it through', one, 'POST /repos/a?x=y', { verdict: 'Allow', by: 'Grant', id: 'apr-1' }],
    ['of one request: by its canonical path', one, 'POST /repos/%61', { verdict: 'Allow', by: 'Grant' }],
    ['of one request: no other path', one, 'POST /repos/ab', { verdict: 'Ask', reason: 'RequestNotAllowed' }],
    ['of one request: no other method', one, 'PUT /repos/a', { verdict: 'Ask' }],
    ['of one request: no hidden method', one, 'POST /repos/a?_method=DELETE', { verdict: 'Ask' }],
    ['beside rules: the rule is named', one, 'GET /repos/a', { verdict: 'Allow', by: 'Rule' }],
  ])('%s', (_what, grant, request, expected) => expect(decide(rules, request, [grant])).toMatchObject(expected));

  test('of one request hold where no rule does', () => {
    expect(outcome(decide([], 'POST /repos/a', [one]))).toBe('Allow');
    expect(outcome(decide([], 'GET /', [one]))).toBe('RequestNotAllowed');
  });
});

describe('which of several rules is named', () => {
  const full = (id: string, overrides: Partial<CompiledRule> = {}) => http({ access: 'Full' }, { id, ...overrides });

  test.each<[string, CompiledRule[], object]>([
    ['the first by id', [full('b'), full('a')], { id: 'a', mode: 'Enforce' }],
    [
      'one that is enforced before one that is not',
      [full('a', { mode: 'Audit' }), full('b')],
      { id: 'b', mode: 'Enforce' },
    ],
    ['Audit where nothing else allows', [full('a', { mode: 'Audit' })], { id: 'a', mode: 'Audit' }],
    ['one with a credential', [full('a'), full('b', credential('k'))], { id: 'b', credential: { ref: 'k' } }],
    [
      'of two credentials the first by id',
      [full('b', credential('2')), full('a', credential('1'))],
      { credential: { ref: '1' } },
    ],
    [
      'a credential of a rule that does not allow is not used',
      [full('b'), http({ access: 'ReadOnly' }, { id: 'a', ...credential('1') })],
      { id: 'b' },
    ],
  ])('%s', (_what, rules, expected) => {
    expect(decide(rules, 'DELETE /')).toMatchObject({ verdict: 'Allow', ...expected });
    expect(decide(rules.toReversed(), 'DELETE /')).toEqual(decide(rules, 'DELETE /'));
  });
});

describe('WebSockets', () => {
  const ws = inspecting({ kind: 'WebSocket', path: '/ws', text: ['ping*'] });
  const anyText = inspecting({ kind: 'WebSocket', path: '/ws' }, { id: 'z' });
  test('an upgrade on the path passes with its messages, a plain GET does not', () => {
    expect(decide([ws], 'ws GET /ws')).toMatchObject({ verdict: 'Allow', text: ['ping*'] });
    expect(outcome(decide([ws], 'GET /ws'))).toBe('RequestNotAllowed');
    expect(outcome(decide([ws], 'ws GET /other'))).toBe('RequestNotAllowed');
  });
  test('beside a rule without a list every message passes', () => {
    expect(decide([ws, anyText], 'ws GET /ws')).not.toHaveProperty('text');
  });
});

describe('GraphQL', () => {
  const rule = inspecting({
    kind: 'GraphQL',
    path: '/graphql',
    operations: ['Query'],
    fields: ['viewer', 'repo*'],
    persisted: ['a'.repeat(64)],
  });

  test.each<[string, unknown, string]>([
    ['a listed query', { query: '{ viewer { login } }' }, 'Allow'],
    ['with __typename', { query: '{ __typename viewer { login } }' }, 'Allow'],
    ['H36 not an alias of another field', { query: '{ viewer: deleteAll { x } }' }, 'RequestNotAllowed'],
    ['H36 nor a fragment with one', { query: '{ ...F } fragment F on Query { secrets }' }, 'RequestNotAllowed'],
    ['nor a mutation', { query: 'mutation { viewer }' }, 'RequestNotAllowed'],
    ['H36 a batch of listed ones', [{ query: '{ viewer }' }, { query: '{ repository }' }], 'Allow'],
    ['H36 a batch with one that is not', [{ query: '{ viewer }' }, { query: '{ other }' }], 'RequestNotAllowed'],
    ['H36 a listed persisted query', persisted('a'), 'Allow'],
    ['H36 no other persisted query', persisted('b'), 'RequestNotAllowed'],
    ['H36 duplicate keys', '{"query":"{ viewer }","query":"mutation { x }"}', 'UnreadableBody'],
    ['what is no JSON', 'query', 'UnreadableBody'],
    ['what is too large', ' '.repeat(maxInspectedBodyBytes + 1), 'UnreadableBody'],
  ])('%s', (_what, body, expected) => expect(outcome(post([rule], '/graphql', body))).toBe(expected));

  test('the body is asked for first, and only where the rule reads it', () => {
    expect(decide([rule], 'POST /graphql')).toEqual({ verdict: 'NeedsBody', maxBytes: maxInspectedBodyBytes });
    expect(decide([rule], 'GET /graphql?query={viewer}')).toMatchObject({ verdict: 'NeedsBody' });
    expect(outcome(decide([rule], 'POST /other'))).toBe('RequestNotAllowed');
    expect(outcome(decide([rule], 'DELETE /graphql'))).toBe('RequestNotAllowed');
    expect(outcome(decide([rule], 'ws GET /graphql'))).toBe('RequestNotAllowed');
    expect(outcome(decide([rule, http({ access: 'Full' })], 'POST /graphql'))).toBe('Allow');
  });
  test('GET carries it in the query', () => {
    const inspected = { rules: [rule], grants: [] };
    const allowed = decideRequest(inspected, headOf('GET /graphql?query=%7Bviewer%7D'), Buffer.alloc(0));
    expect(allowed).toMatchObject({ verdict: 'Allow', operation: 'query viewer' });
    expect(empty(rule, 'GET /graphql?query=%7Bother%7D')).toBe('RequestNotAllowed');
  });
  test('another content type and an encoding are 415', () => {
    const body = Buffer.from('{"query":"{ viewer }"}');
    const inspected = { rules: [rule], grants: [] };
    expect(decideRequest(inspected, headOf('POST /graphql', 'text/plain'), body)).toMatchObject({ status: 415 });
    const gzip = { ...headOf('POST /graphql', 'application/json'), contentEncoding: 'gzip' };
    expect(decideRequest(inspected, gzip, body)).toMatchObject({ status: 415, reason: 'UnreadableBody' });
  });
  test('P17 an empty block allows nothing', () => {
    expect(outcome(post([inspecting({ kind: 'GraphQL' })], '/', { query: '{ viewer }' }))).toBe('RequestNotAllowed');
  });
  test('a field that only an audited rule allows makes the whole Audit', () => {
    const audited = inspecting({ kind: 'GraphQL', fields: ['other'] }, { id: 'z', mode: 'Audit' });
    const both = post([rule, audited], '/graphql', { query: '{ viewer other }' });
    expect(both).toMatchObject({ verdict: 'Allow', mode: 'Audit' });
    expect(post([rule, audited], '/graphql', { query: '{ viewer }' })).toMatchObject({ mode: 'Enforce' });
  });
});

describe('JSON-RPC', () => {
  const rule = inspecting({ kind: 'JSONRPC', methods: ['eth_get*', 'net_version'] });
  test.each<[string, unknown, string]>([
    ['a listed method', call('net_version'), 'Allow'],
    ['by glob', call('eth_getBalance'), 'Allow'],
    ['no other', call('eth_sendTransaction'), 'RequestNotAllowed'],
    ['H36 a batch passes as a whole', [call('net_version'), call('eth_getBalance')], 'Allow'],
    ['H36 or not at all', [call('net_version'), call('eth_sendTransaction')], 'RequestNotAllowed'],
    ['H36 duplicate keys', '{"jsonrpc":"2.0","id":1,"method":"net_version","method":"x"}', 'UnreadableBody'],
  ])('%s', (_what, body, expected) => expect(outcome(post([rule], '/', body))).toBe(expected));
  test('only by POST', () => expect(outcome(decide([rule], 'GET /'))).toBe('RequestNotAllowed'));
});

describe('MCP', () => {
  const byTools = inspecting({ kind: 'MCP', path: '/mcp', tools: ['search', 'read_*'] });
  const byMethods = inspecting({ kind: 'MCP', path: '/mcp', methods: ['initialize', 'tools/*'] });
  const byBoth = inspecting({ kind: 'MCP', path: '/mcp', methods: ['tools/*'], tools: ['search'] });

  test.each<[string, CompiledRule, unknown, string]>([
    ['a listed tool', byTools, tool('search'), 'Allow'],
    ['by glob', byTools, tool('read_file'), 'Allow'],
    ['no other tool', byTools, tool('delete_all'), 'RequestNotAllowed'],
    ['the handshake is implied by tools', byTools, call('initialize'), 'Allow'],
    ['notifications are', byTools, { jsonrpc: '2.0', method: 'notifications/initialized' }, 'Allow'],
    ['the list of tools is', byTools, call('tools/list'), 'Allow'],
    ['resources are not', byTools, call('resources/read', { uri: 'x' }), 'RequestNotAllowed'],
    ['answers to the server are', byTools, { jsonrpc: '2.0', id: 1, result: {} }, 'Allow'],
    ['methods are exact', byMethods, call('ping'), 'RequestNotAllowed'],
    ['tools/call by methods is any tool', byMethods, tool('x'), 'Allow'],
    ['beside tools it is not', byBoth, tool('x'), 'RequestNotAllowed'],
    ['control', byBoth, tool('search'), 'Allow'],
    ['beside methods nothing is implied', byBoth, call('initialize'), 'RequestNotAllowed'],
    ['H36 a batch passes as a whole or not at all', byTools, [tool('search'), tool('rm')], 'RequestNotAllowed'],
    ['P17 an empty block allows nothing', inspecting({ kind: 'MCP', path: '/mcp' }), call('ping'), 'RequestNotAllowed'],
  ])('%s', (_what, rule, body, expected) => expect(outcome(post([rule], '/mcp', body))).toBe(expected));

  test('stream and end of session are implied on the path', () => {
    expect(empty(byTools, 'GET /mcp')).toBe('Allow');
    expect(empty(byTools, 'DELETE /mcp')).toBe('Allow');
    expect(empty(byTools, 'DELETE /other')).toBe('RequestNotAllowed');
    expect(empty(byTools, 'PUT /mcp')).toBe('RequestNotAllowed');
    expect(empty(inspecting({ kind: 'MCP', tools: ['search'] }), 'DELETE /anything')).toBe('RequestNotAllowed');
  });
});

test('opaque rules let no request through', () => {
  expect(outcome(decide([sampleRule('Allow', ['api.example.com'])], 'GET /'))).toBe('RequestNotAllowed');
});

test('it never throws, and more rules never undo a denial', () => {
  const pattern = fc.record(
    {
      methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'DELETE'), { minLength: 1 }),
      path: fc.constantFrom('**', '/a', '/a/*', '/a/**', '/*b'),
      query: fc.constantFrom({ a: '1' }, { a: '*', b: '' }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<RequestPattern>;
  const rules = fc.array(
    fc.record({ allow: fc.array(pattern, { maxLength: 2 }), deny: fc.array(pattern, { maxLength: 1 }) }).map(http),
    { maxLength: 3 },
  );
  const target = fc.array(fc.constantFrom('/', 'a', 'b', '%61', '%2F', '..', '?a=1', '&a=2', ';', '%', '\\'), {
    maxLength: 6,
  });
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'get', 'TRACE');
  fc.assert(
    fc.property(rules, rules, methods, target, fc.boolean(), (some, more, method, parts, isWebSocket) => {
      const head = { method, target: `/${parts.join('')}`, isWebSocket };
      const few = decideRequest({ rules: some, grants: [] }, head);
      const many = decideRequest({ rules: [...some, ...more], grants: [] }, head);
      if (outcome(few) === 'RequestDenied') expect(['RequestDenied', 'AmbiguousPath']).toContain(outcome(many));
      if (outcome(few) === 'Allow') expect(outcome(many)).not.toBe('RequestNotAllowed');
      if (outcome(few) === 'AmbiguousPath') expect(outcome(many)).toBe('AmbiguousPath');
    }),
    { numRuns: 5000 },
  );
});
