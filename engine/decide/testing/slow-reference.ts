// The decision again, the slow and obvious way: every rule is looked at, nothing is indexed. For property tests only.

import type { CompiledPolicy, CompiledRule, Grants } from '../../../protocol/snapshot.ts';
import { cidrContains, parseCidr } from '../../canonical/cidr.ts';
import { classifyAddress, embeddedIpv4, isNeverReachable } from '../../canonical/classify-address.ts';
import { hostText } from '../../canonical/host.ts';
import { patternMatches } from '../../canonical/host-pattern.ts';
import { type Ip, parseIp } from '../../canonical/ip.ts';
import { isPlausibleName } from '../../canonical/plausible-name.ts';
import type { Decision, Target } from '../decision.ts';

interface SlowDecision {
  readonly verdict: Decision['verdict'];
  readonly isInspected: boolean;
}

function answer(verdict: Decision['verdict'], isInspected = false): SlowDecision {
  return { verdict, isInspected };
}

export function slowlyDecide(policy: CompiledPolicy, grants: Grants, nowMs: number, target: Target): SlowDecision {
  const binary = target.binary ?? (policy.identity === 'None' ? ({ kind: 'unknown' } as const) : undefined);
  const ip = target.host.kind === 'ip' ? parseIp(target.host.address) : undefined;
  if (policy.frozen) return answer('Deny');
  if (ip !== undefined && isNeverReachable(classifyAddress(ip))) return answer('Deny');
  if (ip !== undefined && policy.neverAddresses.some(never => [ip, embeddedIpv4(ip)].some(one => isSame(one, never))))
    return answer('Deny');

  const denies = policy.rules.filter(rule => rule.effect === 'Deny' && speaksOf(rule, target, true));
  const allows = policy.rules.filter(rule => rule.effect === 'Allow' && speaksOf(rule, target, false));
  const approved = grants.items.filter(
    grant =>
      grant.host === hostText(target.host) &&
      grant.port === target.port &&
      (grant.expiresAtMs === undefined || grant.expiresAtMs > nowMs),
  );
  if (denies.some(({ binaries }) => binaries === undefined || binary?.kind === 'unknown')) return answer('Deny');
  if (denies.some(({ binaries }) => binary?.kind === 'known' && binaries?.includes(binary.path))) return answer('Deny');
  if (denies.length > 0 && binary === undefined) return answer('NeedsBinary');

  const inspecting = allows.filter(({ inspection }) => inspection !== undefined);
  const candidates = inspecting.length > 0 ? inspecting : allows;
  const passing = candidates.filter(rule => isFor(rule, binary));
  const granted = approved.filter(
    ({ binary: scope }) =>
      scope === undefined || (binary?.kind === 'known' && scope.path === binary.path && scope.sha256 === binary.sha256),
  );
  const isWhole = granted.some(({ requests }) => requests === undefined);
  // Whose socket it is may matter: the fast one may say so.
  if (passing.length > 0) return answer('Allow', inspecting.length > 0);
  const couldDeny =
    binary?.kind === 'unknown' &&
    inspecting.some(({ inspection }) => inspection?.kind === 'HTTP' && inspection.deny.length > 0);
  if (granted.length > 0) return answer('Allow', couldDeny || !isWhole);
  if (target.host.kind === 'name' && !isPlausibleName(target.host.name)) return answer('Deny');
  return answer(policy.onUnlisted);
}

function isFor({ binaries, ancestors }: CompiledRule, binary: Target['binary']): boolean {
  if (binaries === undefined) return true;
  if (binary?.kind !== 'known') return false;
  const paths = ancestors === true ? [binary.path, ...(binary.ancestors ?? [])] : [binary.path];
  return paths.some(path => binaries.includes(path));
}

function speaksOf(rule: CompiledRule, { host, port }: Target, throughTunnels: boolean): boolean {
  const hasPort = rule.ports.includes(port) || (rule.effect === 'Deny' && rule.ports.length === 0);
  if (!hasPort) return false;
  if (host.kind === 'name')
    return (
      rule.hosts.some(pattern => patternMatches(pattern, host.name)) ||
      rule.services.some(service => service.names.includes(host.name))
    );
  const ip = parseIp(host.address);
  const inner = ip === undefined || !throughTunnels ? undefined : embeddedIpv4(ip);
  return [ip, inner].some(
    one =>
      one !== undefined &&
      (rule.cidrs.some(({ cidr }) => holds(cidr, one)) ||
        rule.services.some(service => service.addresses.some(address => isSame(one, address)))),
  );
}

function holds(cidr: string, ip: Ip): boolean {
  const parsed = parseCidr(cidr);
  return parsed.ok && cidrContains(parsed.cidr, ip);
}

function isSame(ip: Ip | undefined, text: string): boolean {
  return ip !== undefined && parseIp(text)?.words.join() === ip.words.join();
}
