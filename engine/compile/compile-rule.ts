// One rule of a policy into the products the sidecar enforces. A rule with any problem allows nothing: half a rule could
// be a wider one. Deny rules are the other way round: what is understood of them is denied.
import type { ZodError } from 'zod';
import { type AllowRule, allowRule, type DenyRule, denyRule } from '../../crds/schema/egress-rule.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { formatCidr, parseCidr } from '../canonical/cidr.ts';
import { badCidrMessage, type CheckedPeer, checkAllowedBlock, checkPeer, type ServiceLookup } from './check-peer.ts';
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
  const problems = [
    ...unsupported(rule),
    ...peers.flatMap(peer => (peer.kind === 'Problem' ? [peer.problem] : [])),
    ...cidrs.flatMap(cidr => (typeof cidr === 'string' ? [] : [cidr])),
  ];
  // A Service that is not there yet only means fewer peers; everything else means a rule we may have misread.
  if (problems.some(({ reason }) => reason !== 'ServiceNotFound')) return { rules: [], problems };
  const common = {
    id,
    effect: 'Allow' as const,
    protocol: rule.protocol as 'TLS' | 'TCP' | 'HTTP',
    ...(rule.binaries === undefined ? {} : { binaries: rule.binaries }),
    mode: rule.mode ?? ('Enforce' as const),
    allowedCidrs: cidrs.filter(cidr => typeof cidr === 'string'),
  };
  return { rules: productsOf(peers).map(product => ({ ...common, ...product })), problems };
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

/** What this version cannot look into is refused by name, never let through without looking. */
function unsupported(rule: AllowRule): readonly Problem[] {
  const problems: Problem[] = [];
  const say = (reason: Problem['reason'], message: string) => problems.push({ reason, message });
  if (rule.credential !== undefined)
    say('UnsupportedCredential', 'credential is not enforced by this version; remove it from the rule');
  if (rule.protocol === 'HTTP') {
    const { access, allow = [], deny = [] } = rule.http ?? {};
    if (access !== 'Full' || allow.length + deny.length > 0)
      say(
        'UnsupportedProtocol',
        'http: this version looks at the Host of plain HTTP only, not at methods and paths; use http: {access: Full}, or protocol: TLS for https',
      );
    if (rule.to.some(({ ports }) => ports?.includes(443)))
      say(
        'UnsupportedProtocol',
        'protocol HTTP on port 443 needs TLS inspection, which this version lacks; use protocol: TLS',
      );
  } else if (rule.protocol !== 'TLS' && rule.protocol !== 'TCP')
    say('UnsupportedProtocol', `protocol ${rule.protocol} needs inspection, which this version lacks; use TLS or TCP`);
  return problems;
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
