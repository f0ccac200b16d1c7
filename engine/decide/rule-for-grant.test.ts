import { expect, test } from 'vitest';
import type { CompiledRule, Grant, Inspection } from '../../protocol/snapshot.ts';
import { createDecider } from './decider.ts';
import { ruleForGrant } from './rule-for-grant.ts';
import { sampleGrants, samplePolicy, sampleRule } from './testing/samples.ts';

const host = 'api.example';
const curl = { path: '/usr/bin/curl', sha256: 'b'.repeat(64) };
const rule = (change: Partial<CompiledRule> = {}) => sampleRule('Allow', [host], change);
const inspecting = (inspection: Inspection, change: Partial<CompiledRule> = {}) =>
  rule({ protocol: inspection.kind, inspection, ...change });
const full = inspecting({ kind: 'HTTP', access: 'Full', allow: [], deny: [] });
const sockets = inspecting({ kind: 'WebSocket' }, { id: 'ns/policy/ws' });
const read = inspecting({ kind: 'HTTP', access: 'ReadOnly', allow: [], deny: [] });
const grant = (change: Partial<Grant> = {}) => ({ host, port: 443, ...change });
const get = { requests: [{ method: 'GET', path: '/a' }] };
const post = {
  requests: [
    { method: 'GET', path: '/a' },
    { method: 'POST', path: '/a' },
  ],
};

test.each<[string, CompiledRule[], ReturnType<typeof grant>, boolean]>([
  ['no rule', [], grant(), false],
  ['a rule of the host and port', [rule()], grant(), true],
  ['a rule of another port', [rule({ ports: [8443] })], grant(), false],
  ['a rule for TLS where a grant is for anything', [rule({ ports: [22] })], grant({ port: 22 }), false],
  ['a rule for any bytes there', [rule({ ports: [22], protocol: 'TCP' })], grant({ port: 22 }), true],
  ['a rule of its binary', [rule({ binaries: [curl.path] })], grant({ binary: curl }), true],
  ['a rule of its binary, for a grant of any', [rule({ binaries: [curl.path] })], grant(), false],
  ['a rule of another binary', [rule({ binaries: ['/usr/bin/git'] })], grant({ binary: curl }), false],
  ['all requests and WebSockets', [full, sockets], grant(), true],
  ['all requests, no WebSockets', [full], grant(), false],
  ['some requests', [read, sockets], grant(), false],
  [
    'all but a denied one',
    [inspecting({ kind: 'HTTP', access: 'Full', allow: [], deny: [{ path: '/x' }] }), sockets],
    grant(),
    false,
  ],
  ['the one request', [read], grant(get), true],
  ['one of two requests', [read], grant(post), false],
  ['an opaque rule for single requests', [rule()], grant(post), true],
  ['a deny rule beside it', [rule(), sampleRule('Deny', [host])], grant(), false],
  [
    'a deny rule of a binary, for a grant of any',
    [rule(), sampleRule('Deny', [host], { binaries: ['/bin/nc'] })],
    grant(),
    false,
  ],
  [
    'the address itself',
    [sampleRule('Allow', ['203.0.113.9/32'], { protocol: 'TCP' })],
    grant({ host: '203.0.113.9' }),
    true,
  ],
  [
    'TLS for an address, which has no name',
    [sampleRule('Allow', ['203.0.113.9/32'])],
    grant({ host: '203.0.113.9' }),
    false,
  ],
])('%s', (_what, rules, asked, expected) => {
  const decider = createDecider(samplePolicy({ rules }), sampleGrants(), () => 0);
  expect(ruleForGrant(decider, asked) !== undefined).toBe(expected);
});

test('nothing is covered where all is frozen', () => {
  const decider = createDecider(samplePolicy({ rules: [rule()], frozen: true }), sampleGrants(), () => 0);
  expect(ruleForGrant(decider, grant())).toBeUndefined();
});
