import { expect, test } from 'vitest';
import { createDecider } from '../../engine/decide/decider.ts';
import type { AllowedProtocol } from '../../engine/decide/decision.ts';
import { classifyAnswers, type Permit, permitThroughProxy } from '../../engine/decide/permit.ts';
import { sampleGrants, samplePolicy, sampleRule, sampleTarget } from '../../engine/decide/testing/samples.ts';
import type { CompiledRule, UpstreamProxy } from '../../protocol/snapshot.ts';
import type { InForce } from '../policy/policy-state.ts';
import { type Carried, isStillAllowed } from './still-allowed.ts';

const proxy: UpstreamProxy = { host: '10.9.9.9', port: 3128, noProxy: ['direct.example'] };
const rules = [
  sampleRule('Allow', ['api.example', 'direct.example']),
  sampleRule('Allow', ['93.184.215.14/32', '10.1.0.0/16']),
];
const decider = createDecider(samplePolicy({ rules }), sampleGrants(), () => 0);

function permitOf(name: string, way: 'Direct' | 'Proxy', address: string): Permit {
  const target = sampleTarget(name);
  const allow = decider.decide(target);
  if (allow.verdict !== 'Allow') throw new Error('the sample policy allows the host');
  const request = { ...target, allow };
  const permit = way === 'Proxy' ? permitThroughProxy(request, decider) : classifyAnswers(request, [address], decider);
  if (permit.verdict !== 'Permit') throw new Error('the sample addresses are usable');
  return permit;
}

function isStill(name: string, way: 'Direct' | 'Proxy', upstreamProxy?: UpstreamProxy): boolean {
  const target = sampleTarget(name);
  const permit = permitOf(name, way, name.startsWith('10.') ? name : '93.184.215.14');
  const inForce = (upstreamProxy === undefined ? {} : { upstreamProxy }) as InForce;
  return isStillAllowed({ target, binary: undefined, protocol: 'TLS', permit }, { decider, inForce });
}

test.each<[string, string, 'Direct' | 'Proxy', UpstreamProxy | undefined, boolean]>([
  ['direct, and there is no proxy', 'api.example', 'Direct', undefined, true],
  ['direct, and a proxy has come', 'api.example', 'Direct', proxy, false],
  ['direct, and a proxy has come that is not for it', 'direct.example', 'Direct', proxy, true],
  ['through the proxy, which is there', 'api.example', 'Proxy', proxy, true],
  ['through the proxy, which is gone', 'api.example', 'Proxy', undefined, false],
  ['through the proxy, which is not for it any more', 'direct.example', 'Proxy', proxy, false],
  ['to a public address, and a proxy has come', '93.184.215.14', 'Direct', proxy, false],
  ['to a private address, which no proxy is for', '10.1.0.1', 'Direct', proxy, true],
])('A connection %s', (_what, name, way, upstreamProxy, expected) => {
  expect(isStill(name, way, upstreamProxy)).toBe(expected);
});

const opaque = (protocol: 'TLS' | 'TCP') => [sampleRule('Allow', ['api.example'], { protocol })];
const inspecting = [
  sampleRule('Allow', ['api.example'], {
    protocol: 'HTTP',
    inspection: { kind: 'HTTP', access: 'Full', allow: [], deny: [] },
  }),
];
test.each<[string, AllowedProtocol, CompiledRule[], boolean]>([
  ['whose first bytes have not come, and a rule for TLS took the place of its grant', 'Any', opaque('TLS'), true],
  ['whose first bytes have not come, and nobody allows it any more', 'Any', [], false],
  ['of TLS, and a rule for TLS', 'TLS', opaque('TLS'), true],
  ['of TLS, and a rule for any bytes', 'TLS', opaque('TCP'), true],
  ['of TLS, and a rule that sees requests', 'TLS', inspecting, false],
  ['of plain bytes, and a rule for TLS', 'TCP', opaque('TLS'), false],
  ['of plain bytes, and a rule for any bytes', 'TCP', opaque('TCP'), true],
  ['of requests, and a rule that sees them', 'HTTP', inspecting, true],
  ['of requests, and a rule for TLS', 'HTTP', opaque('TLS'), false],
])('A connection %s', (_what, protocol, newRules, expected) => {
  const now = createDecider(samplePolicy({ rules: newRules }), sampleGrants(), () => 0);
  const carried = { target: sampleTarget('api.example'), binary: undefined, protocol };
  expect(isStillAllowed(carried, { decider: now, inForce: {} as InForce })).toBe(expected);
});

test.each<[string, 'TLS' | 'TCP', boolean]>([
  ['a rule for any bytes', 'TCP', true],
  ['a rule for TLS', 'TLS', false],
])('Requests without TLS go on under %s: %s', (_what, protocol, expected) => {
  const now = createDecider(samplePolicy({ rules: opaque(protocol) }), sampleGrants(), () => 0);
  const carried: Carried = {
    target: sampleTarget('api.example'),
    binary: undefined,
    protocol: 'HTTP',
    isPlainHttp: true,
  };
  expect(isStillAllowed(carried, { decider: now, inForce: {} as InForce })).toBe(expected);
});
