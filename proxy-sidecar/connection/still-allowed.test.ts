import { expect, test } from 'vitest';
import { createDecider } from '../../engine/decide/decider.ts';
import { classifyAnswers, type Permit, permitThroughProxy } from '../../engine/decide/permit.ts';
import { sampleGrants, samplePolicy, sampleRule, sampleTarget } from '../../engine/decide/testing/samples.ts';
import type { UpstreamProxy } from '../../protocol/snapshot.ts';
import type { InForce } from '../policy/policy-state.ts';
import { isStillAllowed } from './still-allowed.ts';

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
