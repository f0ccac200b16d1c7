import type { ConnectionContext } from './connection-context.ts';
import type { Carried } from './still-allowed.ts';

/**
 * Spends a use of the grant that lets this connection or request out, where the grant has a number of them. A grant of the
 * whole host costs one for the connection, one of single requests costs one for each. False: nothing may go out.
 */
export function takeUse(
  approval: string,
  carried: Carried,
  { policy, uses }: Pick<ConnectionContext, 'policy' | 'uses'>,
): boolean {
  const grant = policy.inForce?.grants.items.find(({ id }) => id === approval);
  if (grant === undefined) return false;
  if (grant.uses === undefined || carried.held?.has(approval) === true) return true;
  if (!uses.spend(grant)) return false;
  if (grant.requests === undefined) carried.held = new Set(carried.held).add(approval);
  else carried.heldByRequests = new Set(carried.heldByRequests).add(approval);
  return true;
}
