// Decides one connection on its name, before anything is resolved. Pure: the snapshot is compiled once, time is handed in.

import type { CompiledPolicy, Grants } from '../../protocol/snapshot.ts';
import { type AddressClass, classifyAddress, isNeverReachable } from '../canonical/classify-address.ts';
import { hostText } from '../canonical/host.ts';
import { type Ip, parseIp } from '../canonical/ip.ts';
import { isPlausibleName } from '../canonical/plausible-name.ts';
import { decideListed } from './decide-listed.ts';
import type { Binary, Decision, Target } from './decision.ts';
import type { Entry } from './entry.ts';
import { GrantIndex, type IsUsedUp } from './grant-index.ts';
import { NeverAddresses } from './never-addresses.ts';
import { RuleIndex } from './rule-index.ts';

export interface Decider {
  /** Total: every target gets an answer, and nothing but a matching rule or grant makes it Allow. */
  decide(target: Target): Decision;
  /** Does a rule or a live grant speak of this canonical name? Synthetic DNS answers implausible names only then. */
  knowsName(name: string): boolean;
  /** Known only because a wildcard covers it. */
  isWild(name: string): boolean;
  /** Why this address may not be dialled for an allowed target, or undefined. The port matters to deny rules. */
  refuses(ip: Ip, port: number, binary: Binary | undefined): AddressClass | 'Never' | 'DenyRule' | undefined;
}

/** Compiles policy and grants; throws only when the snapshot is malformed, which the caller answers with a nack. */
export function createDecider(
  policy: CompiledPolicy,
  grants: Grants,
  now: () => number,
  isUsedUp: IsUsedUp = grant => grant.uses?.areUsedUp === true,
): Decider {
  const deny = new RuleIndex(policy.rules.filter(rule => rule.effect === 'Deny'));
  const allow = new RuleIndex(policy.rules.filter(rule => rule.effect === 'Allow'));
  const granted = new GrantIndex(grants.items, isUsedUp);
  const never = new NeverAddresses(policy.neverAddresses);

  const denyEntries = (target: Target, ip: Ip | undefined) =>
    ip === undefined ? deny.forName(hostText(target.host), target.port) : deny.forIp(ip, target.port, true);
  const allowEntries = (target: Target, ip: Ip | undefined) =>
    ip === undefined ? allow.forName(hostText(target.host), target.port) : allow.forIp(ip, target.port, false);
  /** Without process identity nobody is asked: every rule with binaries fails. */
  const binaryOf = (target: Target): Binary | undefined =>
    target.binary ?? (policy.identity === 'None' ? { kind: 'unknown' } : undefined);

  const grantsOf = ({ host, port, held }: Target) => granted.find(hostText(host), port, now, held);

  function decide(target: Target): Decision {
    if (policy.frozen) return { verdict: 'Deny', reason: 'Frozen' };
    const ip = target.host.kind === 'ip' ? parseIp(target.host.address) : undefined;
    const unreachable = ip === undefined ? undefined : neverClass(ip, never);
    if (unreachable !== undefined) return { verdict: 'Deny', reason: 'NeverReachable', addressClass: unreachable };
    if (ip === undefined && deny.isNameless) {
      // Most decisions, and nothing is made for them.
      const alone = allow.onlyFor(hostText(target.host), target.port)?.alone;
      if (alone !== undefined) return alone;
    }
    const binary = binaryOf(target);
    return (
      decideDeny(denyEntries(target, ip), binary) ??
      decideListed(allowEntries(target, ip), grantsOf(target), binary, ip) ??
      decideUnlisted(target, policy.onUnlisted)
    );
  }

  return {
    decide,
    isWild: name => allow.knows(name) && !allow.names(name) && !granted.knows(name, now()),
    knowsName: name => allow.knows(name) || granted.knows(name, now()),
    refuses: (ip, port, binary) =>
      neverClass(ip, never) ??
      (decideDeny(deny.forIp(ip, port, true), binary ?? { kind: 'unknown' }) === undefined ? undefined : 'DenyRule'),
  };
}

function neverClass(ip: Ip, never: NeverAddresses): AddressClass | 'Never' | undefined {
  const addressClass = classifyAddress(ip);
  if (isNeverReachable(addressClass)) return addressClass;
  return never.holds(ip) ? 'Never' : undefined;
}

/** An unknown binary may be the denied one, so it is denied. */
function decideDeny(entries: readonly Entry[], binary: Binary | undefined): Decision | undefined {
  let needsBinary = false;
  for (const { rule, binaries } of entries) {
    if (binaries === undefined || binary?.kind === 'unknown' || (binary !== undefined && binaries.has(binary.path)))
      return { verdict: 'Deny', reason: 'DenyRule', id: rule.id };
    needsBinary ||= binary === undefined;
  }
  return needsBinary ? { verdict: 'NeedsBinary' } : undefined;
}

function decideUnlisted({ host }: Target, onUnlisted: CompiledPolicy['onUnlisted']): Decision {
  if (host.kind === 'name' && !isPlausibleName(host.name)) return { verdict: 'Deny', reason: 'ImplausibleName' };
  return onUnlisted === 'Ask' ? { verdict: 'Ask', reason: 'NotListed' } : { verdict: 'Deny', reason: 'NotListed' };
}
