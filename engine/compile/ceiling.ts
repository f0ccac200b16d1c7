// The most that tenants' policies and approvals may allow. Several ceilings hold together.
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { CompiledRule, Grant, HostPattern } from '../../protocol/snapshot.ts';
import { cidrContains, parseCidr } from '../canonical/cidr.ts';
import { formatHostPattern, parseHostPattern, patternMatches } from '../canonical/host-pattern.ts';
import type { Problem } from './rule-issue.ts';

export interface Ceiling {
  readonly policy: string;
  readonly spec: NonNullable<ClusterEgressPolicy['spec']['ceiling']>;
}

/** What of the rule lies beyond the ceiling, or undefined. */
export function ruleBeyond({ policy, spec }: Ceiling, rule: CompiledRule): Problem | undefined {
  const say = (what: string): Problem => ({
    reason: 'BeyondCeiling',
    message: `${what} is beyond the ceiling of ${policy}; ask who owns that ClusterEgressPolicy`,
  });
  if (spec.credentials === false && rule.credential !== undefined) return say('a credential');
  const port = rule.ports.find(candidate => spec.ports !== undefined && !spec.ports.includes(candidate));
  if (port !== undefined) return say(`port ${port}`);
  if (spec.hosts !== undefined) {
    const host = rule.hosts.find(pattern => !coveredBy(spec.hosts ?? [], pattern));
    if (host !== undefined) return say(`host ${formatHostPattern(host)}`);
    const service = rule.services.find(peer => !peer.names.some(name => coveredBy(spec.hosts ?? [], exact(name))));
    if (service !== undefined) return say(`service ${service.namespace}/${service.service}`);
  }
  const blocks = [...rule.cidrs.map(({ cidr }) => cidr), ...rule.allowedCidrs];
  const block = blocks.find(text => isLimited(spec) && !blockWithin(spec.allowedCIDRs ?? [], text));
  return block === undefined ? undefined : say(`block ${block}`);
}

/** Addresses are limited as soon as hosts or blocks are: a block would walk around the list of hosts. */
function isLimited(spec: Ceiling['spec']): boolean {
  return spec.hosts !== undefined || spec.allowedCIDRs !== undefined;
}

export function grantBeyond({ spec }: Ceiling, grant: Grant): boolean {
  if (spec.ports !== undefined && !spec.ports.includes(grant.port)) return true;
  const parsed = parseHostPattern(grant.host);
  if (parsed.ok) return spec.hosts !== undefined && !coveredBy(spec.hosts, parsed.pattern);
  const block = `${grant.host}/${grant.host.includes(':') ? 128 : 32}`;
  return isLimited(spec) && !blockWithin(spec.allowedCIDRs ?? [], block);
}

function coveredBy(ceiling: readonly string[], pattern: HostPattern): boolean {
  return ceiling.some(text => {
    const parsed = parseHostPattern(text);
    return parsed.ok && covers(parsed.pattern, pattern);
  });
}

/** Does every name of `inner` match `outer`? */
function covers(outer: HostPattern, inner: HostPattern): boolean {
  if (inner.kind === 'exact') return patternMatches(outer, inner.name);
  if (inner.name === outer.name) return outer.kind === 'depth' || (outer.kind === 'label' && inner.kind === 'label');
  return outer.kind === 'depth' && inner.name.endsWith(`.${outer.name}`);
}

function blockWithin(ceiling: readonly string[], text: string): boolean {
  const inner = parseCidr(text);
  return ceiling.some(outerText => {
    const outer = parseCidr(outerText);
    return outer.ok && inner.ok && outer.cidr.prefix <= inner.cidr.prefix && cidrContains(outer.cidr, inner.cidr.base);
  });
}

function exact(name: string): HostPattern {
  return { kind: 'exact', name };
}
