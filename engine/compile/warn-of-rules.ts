// What is legal and risky in a policy's allow rules: told to whoever writes them, refused to nobody.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { AllowRule } from '../../crds/schema/egress-rule.ts';
import { parseCidr } from '../canonical/cidr.ts';
import { warnOfBinaries } from './warn-of-binaries.ts';

/** A block as wide as this holds more than one organisation's hosts. */
const widePrefix = { 4: 15, 6: 31 } as const;

/** `allow` is what of the policy's list could be read. One sentence a warning, with the rule's name. */
export function warnOfRules(allow: readonly AllowRule[]): readonly string[] {
  const spec: EgressPolicy['spec'] = { sandboxSelector: {}, allow: [...allow] };
  return [
    ...allow.flatMap(rule => [...warnOfMode(rule), ...rule.to.flatMap(peer => warnOfPeer(rule.name, peer))]),
    ...warnOfBinaries({ spec }),
  ];
}

function warnOfMode({ name, mode }: AllowRule): string[] {
  return mode === 'Audit' ? [`rule ${name}: mode Audit refuses nothing to these hosts, it only records`] : [];
}

function warnOfPeer(rule: string, { host, cidr }: AllowRule['to'][number]): string[] {
  if (host?.startsWith('**.'))
    return [`rule ${rule}: ${host} is every name below ${host.slice(3)}, whoever may register one there`];
  if (host?.startsWith('*.')) return [`rule ${rule}: ${host} is every name directly below ${host.slice(2)}`];
  const parsed = cidr === undefined ? undefined : parseCidr(cidr);
  if (parsed?.ok !== true || parsed.cidr.prefix > widePrefix[parsed.cidr.base.family]) return [];
  return [`rule ${rule}: ${cidr} is a wide block; whoever has an address in it is let through`];
}
