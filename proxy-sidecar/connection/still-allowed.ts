// Whether a connection that was allowed once may go on under what is in force now.
import type { AllowedProtocol, Binary } from '../../engine/decide/decision.ts';
import { classifyAnswers, type Permit, permitThroughProxy } from '../../engine/decide/permit.ts';
import type { PolicyState } from '../policy/policy-state.ts';
import { leavesThroughProxy } from '../upstream/leaves-through-proxy.ts';
import type { Target } from './decide-target.ts';

/** What is known of a connection; filled in as it goes on. */
export interface Carried {
  readonly target: Target;
  binary: Binary | undefined;
  /** `Any` until the first bytes have told, then what it turned out to be: a rule may take the grant's place. */
  protocol: AllowedProtocol;
  /** Requests without TLS: what a rule for any bytes by name alone would let through unread. */
  isPlainHttp?: true;
  permit?: Permit;
  /** Grants of the whole host that it has spent a use of. */
  held?: ReadonlySet<string>;
  /** Grants of single requests that requests on it have spent uses of. */
  heldByRequests?: ReadonlySet<string>;
}

/** Every grant that something on this connection has paid for. */
export function allHeld({ held, heldByRequests }: Carried): ReadonlySet<string> | undefined {
  return held === undefined || heldByRequests === undefined ? (held ?? heldByRequests) : held.union(heldByRequests);
}

/** Any rule or grant may carry it on, but not to an address that is refused now, nor under a narrower protocol. */
export function isStillAllowed(
  carried: Carried,
  { decider, inForce }: Pick<PolicyState, 'decider' | 'inForce'>,
): boolean {
  const { target, binary, permit } = carried;
  // Nobody is asked again: where the binary has become the question, not to know it is to end it.
  const now = decider?.decide({ ...target, binary: binary ?? { kind: 'unknown' }, held: allHeld(carried) });
  if (decider === undefined || now?.verdict !== 'Allow') return false;
  if (!carries(now.protocol, carried)) return false;
  if (permit === undefined) return true;
  const request = { ...target, binary, allow: now };
  // Neither around a proxy that is in force now, nor through one that is not for this host any more.
  const repeated = leavesThroughProxy(target.host, inForce?.upstreamProxy)
    ? permitThroughProxy(request, decider)
    : classifyAnswers(request, permit.addresses, decider);
  if (repeated.verdict !== 'Permit' || repeated.via !== permit.via) return false;
  return permit.addresses.every(address => repeated.addresses.includes(address));
}

/** Before its first bytes a connection is nothing yet; any bytes by name alone are more than TLS or plain HTTP by that name. */
function carries(now: AllowedProtocol, { protocol, isPlainHttp }: Carried): boolean {
  if (now === protocol || now === 'Any' || protocol === 'Any') return true;
  return now === 'TCP' && (protocol === 'TLS' || isPlainHttp === true);
}
