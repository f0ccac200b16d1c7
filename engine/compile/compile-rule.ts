// One rule of a policy into the products the sidecar enforces. A rule with any problem allows nothing: half a rule could
// be a wider one. Deny rules are the other way round: what is understood of them is denied.
import type { ZodError } from 'zod';
import { allowRule, type DenyRule, denyRule } from '../../crds/schema/egress-rule.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { formatCidr, parseCidr } from '../canonical/cidr.ts';
import { badCidrMessage, type CheckedPeer, checkAllowedBlock, checkPeer, type ServiceLookup } from './check-peer.ts';
import { compileCredential } from './compile-credential.ts';
import { compileInspection } from './compile-inspection.ts';
import type { Problem } from './rule-issue.ts';

export interface RuleSource {
  /** `namespace/policy/rule`. */
  readonly id: string;
  readonly namespace: string;
  readonly services: ServiceLookup;
}

export interface RuleOutcome {
  readonly rules: readonly CompiledRule[];
  readonly problems: readonly Problem[];
}

/** `raw` is the rule as the API server stored it: with fields that the schema does not know. */
export function compileAllowRule(raw: unknown, { id, namespace, services }: RuleSource): RuleOutcome {
  const parsed = allowRule.safeParse(raw);
  if (!parsed.success) return { rules: [], problems: problemsOf(parsed.error) };
  const rule = parsed.data;
  const peers = rule.to.map(peer => checkPeer(peer, 'Allow', namespace, services));
  const cidrs = (rule.allowedCIDRs ?? []).map(checkAllowedCidr);
  const { inspection, ...block } = compileInspection(rule);
  const { credential, ...signing } = compileCredential(rule, namespace);
  const problems = [
    ...block.problems,
    ...signing.problems,
    ...peers.flatMap(peer => (peer.kind === 'Problem' ? [peer.problem] : [])),
    ...cidrs.flatMap(cidr => (typeof cidr === 'string' ? [] : [cidr])),
  ];
  const common = {
    id,
    effect: 'Allow' as const,
    protocol: rule.protocol,
    ...(inspection === undefined ? {} : { inspection }),
    ...(credential === undefined ? {} : { credential }),
    ...(rule.binaries === undefined ? {} : { binaries: rule.binaries }),
    ...(rule.ancestors === true ? { ancestors: true as const } : {}),
    mode: rule.mode ?? ('Enforce' as const),
    allowedCidrs: cidrs.filter(cidr => typeof cidr === 'string'),
  };
  const rules = productsOf(peers).map(product => ({ ...common, ...product }));
  // A Service that is not there yet only means fewer peers; everything else means a rule we may have misread.
  const isMisread = problems.some(({ reason }) => reason !== 'ServiceNotFound');
  return { rules: isMisread ? denyPartsOf(rules) : rules, problems };
}

/** What is left of rules that may allow nothing: their deny patterns, which other rules' requests must still pass. */
export function denyPartsOf(rules: readonly CompiledRule[]): readonly CompiledRule[] {
  return rules.flatMap(({ credential: _unused, ...rule }) => {
    const { inspection } = rule;
    if (rule.effect === 'Deny' || inspection?.kind !== 'HTTP' || inspection.deny.length === 0) return [];
    return [{ ...rule, allowedCidrs: [], inspection: { kind: inspection.kind, allow: [], deny: inspection.deny } }];
  });
}

/** An unknown field may have been meant to narrow it; without it the rule denies more, which is the safe side. */
export function compileDenyRule(raw: unknown, { id, namespace, services }: RuleSource): RuleOutcome {
  const parsed = denyRule.safeParse(raw);
  const rule = parsed.success ? parsed.data : knownPartOf(raw);
  const peers = rule.to.map(peer => checkPeer(peer, 'Deny', namespace, services));
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error)),
    ...peers.flatMap(peer => (peer.kind === 'Problem' ? [peer.problem] : [])),
  ];
  const common = {
    id,
    effect: 'Deny' as const,
    ...(rule.binaries === undefined || !parsed.success ? {} : { binaries: rule.binaries }),
    mode: 'Enforce' as const,
    allowedCidrs: [],
  };
  return { rules: productsOf(peers).map(product => ({ ...common, ...product })), problems };
}

function knownPartOf(raw: unknown): Pick<DenyRule, 'to' | 'binaries'> {
  const to = (raw as { to?: unknown } | null)?.to;
  if (!Array.isArray(to)) return { to: [] };
  return { to: to.flatMap(peer => knownPeer(peer as Record<string, unknown> | null)) };
}

function knownPeer(peer: Record<string, unknown> | null): DenyRule['to'] {
  if (typeof peer?.['host'] === 'string') return [{ host: peer['host'] }];
  if (typeof peer?.['cidr'] === 'string') return [{ cidr: peer['cidr'] }];
  return [];
}

/** Peers with the same ports make one rule. */
function productsOf(peers: readonly CheckedPeer[]): Pick<CompiledRule, 'hosts' | 'cidrs' | 'services' | 'ports'>[] {
  const byPorts = new Map<string, { ports: readonly number[]; peers: CheckedPeer[] }>();
  for (const peer of peers) {
    if (peer.kind === 'Problem') continue;
    const ports = [...new Set(peer.ports)].sort((a, b) => a - b);
    const group = byPorts.get(ports.join()) ?? { ports, peers: [] };
    byPorts.set(ports.join(), group);
    group.peers.push(peer);
  }
  return [...byPorts.values()].map(group => ({
    ports: group.ports,
    hosts: group.peers.flatMap(peer => (peer.kind === 'Host' ? [peer.pattern] : [])),
    cidrs: group.peers.flatMap(peer => (peer.kind === 'Cidr' ? [{ cidr: peer.cidr }] : [])),
    services: group.peers.flatMap(peer => (peer.kind === 'Service' ? [peer.service] : [])),
  }));
}

function checkAllowedCidr(text: string): string | Problem {
  const parsed = parseCidr(text);
  if (!parsed.ok) return { reason: 'BadCidr', message: badCidrMessage('allowedCIDRs', text, parsed.problem) };
  return checkAllowedBlock('allowedCIDRs', parsed.cidr) ?? formatCidr(parsed.cidr);
}

function problemsOf(error: ZodError): Problem[] {
  return error.issues.map(issue => {
    const at = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys')
      return { reason: 'Invalid', message: `${at === '' ? 'rule' : at}: ${issue.message}` };
    const names = issue.keys.map(key => (at === '' ? key : `${at}.${key}`)).join(', ');
    return {
      reason: 'UnknownField',
      message: `unknown field ${names}; the rule allows nothing until it is corrected (\`kubectl explain egressPolicy.spec.allow\`)`,
    };
  });
}
