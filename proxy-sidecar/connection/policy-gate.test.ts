// The gate while a permitted request's name is resolved: what changes meanwhile counts.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decideRequest } from '../../engine/decide/decide-request.ts';
import { sampleGrants, samplePolicy, sampleRule, sampleTarget } from '../../engine/decide/testing/samples.ts';
import type { CompiledRule, Credentials, Snapshot } from '../../protocol/snapshot.ts';
import { encodeResponse, parseQuery, rcodes, types } from '../dns/dns-message.ts';
import { resolveName } from '../dns/resolve-name.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { PolicyState } from '../policy/policy-state.ts';
import type { ConnectionContext } from './connection-context.ts';
import { createPolicyGate } from './policy-gate.ts';
import type { RequestGate } from './request-gate.ts';

const rule = (parts: Partial<CompiledRule> = {}) =>
  sampleRule('Allow', ['api.example'], {
    protocol: 'HTTP',
    inspection: { kind: 'HTTP', access: 'Full', allow: [], deny: [] },
    ...parts,
  });
const signing = rule({ credential: { ref: 'ns/secret/key', as: 'Bearer' } });
const credentials = (secret: string): Credentials => ({
  hash: secret,
  items: [{ ref: 'ns/secret/key', secret, allowedHosts: ['api.example'] }],
});

let end: AbortController;
let policy: PolicyState;
let asked: (() => void)[];
let onAsked: () => void;
let resolver: string;
let addresses: string[];
let counter: number;
beforeEach(async () => {
  end = new AbortController();
  asked = [];
  addresses = ['93.184.215.14'];
  counter = 0;
  onAsked = () => undefined;
  policy = new PolicyState({
    nowMs: () => Date.now(),
    onApplied: () => undefined,
    log: () => undefined,
    signal: end.signal,
  });
  const server = createSocket('udp4');
  // Answers when told, with the next of the addresses.
  server.on('message', (message, from) => {
    const parsed = parseQuery(message);
    if (!parsed.ok) return;
    const { query } = parsed;
    if (query.type !== types.A) return server.send(encodeResponse(query, rcodes.NoError), from.port, from.address);
    asked.push(() => {
      const address = addresses.length > 1 ? addresses.shift() : addresses[0];
      const data = Buffer.from((address ?? '').split('.').map(Number));
      const answers = [{ type: types.A, ttlSeconds: 1, data }];
      server.send(encodeResponse(query, rcodes.NoError, answers), from.port, from.address);
    });
    onAsked();
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  end.signal.addEventListener('abort', () => server.close());
  resolver = `127.0.0.1:${server.address().port}`;
});
afterEach(() => end.abort());

function apply(rules: readonly CompiledRule[], parts: Partial<Snapshot> = {}): void {
  const snapshot: Snapshot = {
    revision: { epoch: 1, counter: ++counter },
    policy: samplePolicy({ rules: [...rules], identity: 'None' }),
    grants: sampleGrants(),
    route: { hash: 'none', reason: 'NoRoute', message: '' },
    credentials: credentials('first-secret'),
    resolvers: [resolver],
    maxPolicyAgeMs: 600_000,
    ...parts,
  };
  expect(policy.apply(snapshot)).toMatchObject({ ok: true });
}

function gateOf(): RequestGate {
  const target = sampleTarget('api.example');
  const answers = { resolve: (name: string, resolvers: readonly string[]) => resolveName(name, resolvers, end.signal) };
  const context = { policy, decideRequest, answers, signal: end.signal, audit: { record: () => undefined } };
  const allow = policy.decider?.decide(target);
  if (allow?.verdict !== 'Allow') throw new Error('the sample policy allows the host');
  return createPolicyGate(
    {} as Captured,
    { target, binary: undefined, protocol: 'HTTP' },
    { kind: 'Allow', allow },
    true,
    context as unknown as ConnectionContext,
  );
}

const get = () => ({ method: 'GET', target: '/x', isWebSocket: false });
const whenAsked = (count: number) =>
  new Promise<void>(resolve => {
    onAsked = () => {
      if (asked.length >= count) resolve();
    };
    onAsked();
  });

test.each<[string, readonly CompiledRule[], Partial<Snapshot>]>([
  ['a deny pattern', [rule({ inspection: { kind: 'HTTP', access: 'Full', allow: [], deny: [{ path: '/x' }] } })], {}],
  [
    'a narrower access',
    [rule({ inspection: { kind: 'HTTP', access: 'ReadOnly', allow: [], deny: [{ methods: ['GET'] }] } })],
    {},
  ],
  ['a denied block of addresses', [rule(), sampleRule('Deny', ['93.184.215.0/24'])], {}],
  ['the loss of its credential', [signing], { credentials: { hash: 'none', items: [] } }],
])('%s that comes while the name is resolved counts', async (_what, rules, parts) => {
  apply([signing]);
  const deciding = gateOf().decide(get());
  await whenAsked(1);
  apply(rules, parts);
  for (const answer of asked) answer();
  expect(await deciding).toMatchObject({ verdict: 'Refuse' });
});

test('A credential that is replaced while the name is resolved goes out as it is now', async () => {
  apply([signing]);
  const deciding = gateOf().decide(get());
  await whenAsked(1);
  apply([signing], { credentials: credentials('second-secret') });
  for (const answer of asked) answer();
  expect(await deciding).toMatchObject({ verdict: 'Permit', setFields: [{ value: 'Bearer second-secret' }] });
});

test('Two first requests at once are pinned to the same addresses, which are those looked at again', async () => {
  apply([rule()]);
  addresses = ['93.184.215.14', '93.184.215.15'];
  const gate = gateOf();
  const both = Promise.all([gate.decide(get()), gate.decide(get())]);
  await whenAsked(2);
  for (const answer of asked) answer();
  const [one, other] = await both;
  expect(one).toMatchObject({ verdict: 'Permit', permit: { addresses: ['93.184.215.14'] } });
  expect(other).toMatchObject({ verdict: 'Permit', permit: { addresses: ['93.184.215.14'] } });
});

test.each<[string, readonly CompiledRule[], Credentials, boolean]>([
  ['the same policy', [signing], credentials('first-secret'), true],
  ['another secret in its place', [signing], credentials('second-secret'), true],
  ['its credential taken from the rule', [rule()], credentials('first-secret'), false],
  ['its credential gone', [signing], { hash: 'none', items: [] }, false],
  [
    'its credential no longer for the host',
    [signing],
    { hash: 'moved', items: [{ ref: 'ns/secret/key', secret: 'first-secret', allowedHosts: ['other.example'] }] },
    false,
  ],
])('A signed request in flight under %s', async (_what, rules, held, goesOn) => {
  apply([signing]);
  const gate = gateOf();
  const head = get();
  const deciding = gate.decide(head);
  await whenAsked(1);
  for (const answer of asked) answer();
  expect(await deciding).toMatchObject({ verdict: 'Permit' });
  let isClosed = false;
  gate.watch(head, undefined, () => {
    isClosed = true;
  });
  apply(rules, { credentials: held });
  expect(isClosed).toBe(!goesOn);
});
