import { parseHost } from '../../engine/canonical/host.ts';
import { type Permit, permitProxy } from '../../engine/decide/permit.ts';
import { resolveName } from '../dns/resolve-name.ts';
import type { PolicyState } from '../policy/policy-state.ts';
import { type DialOutcome, dialPermit } from './dial-permit.ts';
import { dialThroughProxy } from './dial-through-proxy.ts';

/** Dials what is permitted: directly, or where the permit says so through the corporate proxy that is in force now. */
export function createDialler(
  policy: Pick<PolicyState, 'decider' | 'inForce'>,
): (permit: Permit, signal: AbortSignal) => Promise<DialOutcome> {
  return async (permit, signal) => {
    if (permit.via !== 'Proxy') return await dialPermit(permit, signal);
    const { decider, inForce } = policy;
    const proxy = inForce?.upstreamProxy;
    if (decider === undefined || inForce === undefined || proxy === undefined)
      return unreachable('there is no upstream proxy any more');
    const resolved =
      parseHost(proxy.host).kind === 'ip'
        ? { ok: true as const, addresses: [proxy.host] }
        : await resolveName(proxy.host, inForce.resolvers, signal);
    if (!resolved.ok) return unreachable(`the upstream proxy's name: ${resolved.reason}`);
    const toProxy = permitProxy(proxy, resolved.addresses, decider);
    if (toProxy.verdict !== 'Permit') return unreachable(`the upstream proxy's address: ${toProxy.reason}`);
    return await dialThroughProxy({ host: permit.host, port: permit.port }, toProxy, proxy, signal);
  };
}

function unreachable(message: string): DialOutcome {
  return { ok: false, reason: 'Unreachable', message };
}
