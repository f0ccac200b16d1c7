import type { CompiledRule } from '../../protocol/snapshot.ts';
import { formatIp, type Ip } from '../canonical/ip.ts';
import type { Allow } from './decision.ts';

/** What a rule allows as seen from one of its peers; an address that was asked for is dialled itself. */
export function allowBy(
  { id, protocol, mode }: CompiledRule,
  allowedCidrs: Allow['allowedCidrs'],
  pinnedByPeer: readonly string[] | undefined,
  ip: Ip | undefined,
): Allow {
  const pinned = ip === undefined ? pinnedByPeer : [formatIp(ip)];
  return {
    verdict: 'Allow',
    by: 'Rule',
    id,
    // The compiler always writes one; without it the narrowest reading holds.
    protocol: protocol === 'TCP' ? 'TCP' : 'TLS',
    mode,
    allowedCidrs,
    ...(pinned === undefined ? {} : { pinned }),
  };
}
