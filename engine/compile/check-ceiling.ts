// A ceiling that was mistyped covers nothing, and would refuse every rule of every tenant it bounds.
import { parseCidr } from '../canonical/cidr.ts';
import { parseHostPattern } from '../canonical/host-pattern.ts';
import type { Ceiling } from './ceiling.ts';
import { badCidrMessage } from './check-peer.ts';
import type { Problem } from './rule-issue.ts';

/** Entries that cover nothing, each with the field below `ceiling` that holds it. */
export function checkCeiling({ hosts = [], allowedCIDRs = [] }: Ceiling['spec']): readonly (Problem & {
  readonly field: string;
})[] {
  return [
    ...hosts.flatMap((host, at) => {
      const parsed = parseHostPattern(host);
      if (parsed.ok) return [];
      const remedy =
        parsed.problem === 'IsAddress'
          ? 'put addresses into allowedCIDRs'
          : 'write a name, *.name or **.name in A-labels';
      const message = `${JSON.stringify(host)} is no host pattern (${parsed.problem}) and would cover nothing; ${remedy}`;
      return [{ field: `hosts[${at}]`, reason: 'BadHost' as const, message }];
    }),
    ...allowedCIDRs.flatMap((cidr, at) => {
      const parsed = parseCidr(cidr);
      if (parsed.ok) return [];
      const message = badCidrMessage('block', cidr, parsed.problem);
      return [{ field: `allowedCIDRs[${at}]`, reason: 'BadCidr' as const, message }];
    }),
  ];
}
