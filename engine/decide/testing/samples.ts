// Short ways to write policies and targets in tests.

import type { CompiledPolicy, CompiledRule, Grant, Grants, Route } from '../../../protocol/snapshot.ts';
import { parseHost } from '../../canonical/host.ts';
import { parseHostPattern } from '../../canonical/host-pattern.ts';
import type { Binary, Target } from '../decision.ts';

export const git: Binary = { kind: 'known', path: '/usr/bin/git', sha256: 'a'.repeat(64) };
export const curl: Binary = { kind: 'known', path: '/usr/bin/curl', sha256: 'b'.repeat(64) };
export const unknown: Binary = { kind: 'unknown' };

export function samplePolicy(overrides: Partial<CompiledPolicy> = {}): CompiledPolicy {
  return {
    hash: 'h',
    onUnlisted: 'Ask',
    holdMs: 0,
    identity: 'Process',
    frozen: false,
    rules: [],
    neverAddresses: ['10.96.0.1'],
    ...overrides,
  };
}

/** `sampleRule('Allow', ['api.example.com', '10.0.0.0/8'])`: names, patterns and blocks told apart by the slash. */
export function sampleRule(
  effect: 'Allow' | 'Deny',
  peers: readonly string[],
  overrides: Partial<CompiledRule> = {},
): CompiledRule {
  const hosts = peers.filter(peer => !peer.includes('/')).map(parseHostPattern);
  return {
    id: `ns/policy/${peers.join('+')}`,
    effect,
    hosts: hosts.flatMap(parsed => (parsed.ok ? [parsed.pattern] : [])),
    cidrs: peers.filter(peer => peer.includes('/')).map(cidr => ({ cidr })),
    services: [],
    ports: effect === 'Deny' ? [] : [443],
    ...(effect === 'Allow' ? { protocol: 'TLS' as const } : {}),
    mode: 'Enforce',
    allowedCidrs: [],
    ...overrides,
  };
}

export function sampleGrants(...items: readonly Grant[]): Grants {
  return { hash: 'g', items };
}

/** A route to model.test with that key. */
export function sampleRoute(secret: string): Route {
  return {
    hash: 'r',
    profile: 'p',
    provider: 'OpenAI',
    endpoint: 'https://model.test/v1',
    allowedCidrs: [],
    model: 'm',
    models: [],
    credential: { secret, allowedHosts: ['model.test'] },
    timeoutMs: 1000,
    maxRequestBytes: 1000,
  };
}

export function sampleTarget(text: string, port = 443, binary?: Binary): Target {
  const host = parseHost(text);
  if (host.kind === 'invalid') throw new Error(`${text}: ${host.problem}`);
  return { host, port, ...(binary === undefined ? {} : { binary }) };
}
