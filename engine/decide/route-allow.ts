// The inference endpoint is the operator's choice, not the agent's: it needs no rule, but the same address checks.
import type { Route } from '../../protocol/snapshot.ts';
import { parseCidr, singleAddress } from '../canonical/cidr.ts';
import { parseIp } from '../canonical/ip.ts';
import type { Allow } from './decision.ts';

/** Addresses of an in-cluster Service are pinned and allowed; malformed blocks allow nothing. */
export function routeAllow(route: Pick<Route, 'profile' | 'addresses' | 'allowedCidrs'>): Allow {
  const blocks = route.allowedCidrs.map(parseCidr).flatMap(parsed => (parsed.ok ? [parsed.cidr] : []));
  const pinned = (route.addresses ?? []).map(parseIp).flatMap(ip => (ip === undefined ? [] : [singleAddress(ip)]));
  return {
    verdict: 'Allow',
    by: 'Route',
    id: route.profile,
    protocol: 'TLS',
    mode: 'Enforce',
    allowedCidrs: [...blocks, ...pinned],
    ...(route.addresses === undefined ? {} : { pinned: route.addresses }),
  };
}
