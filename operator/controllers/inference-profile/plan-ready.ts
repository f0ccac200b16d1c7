import type { ProfileProblem, ResolvedProfile } from '../../snapshots/resolve-profile.ts';
import type { WantedCondition } from '../status/next-conditions.ts';

/** Ready: calls can be routed. Whether the server answers is another matter, and seen by who calls it. */
export function planReady(resolved: ResolvedProfile | ProfileProblem): WantedCondition {
  if (!resolved.ok) return { type: 'Ready', status: 'False', reason: resolved.reason, message: resolved.message };
  const key =
    resolved.credential === undefined
      ? 'without a key'
      : `with its key, which goes to ${resolved.credential.allowedHosts.join(', ')} only`;
  return { type: 'Ready', status: 'True', reason: 'Routable', message: `calls go to ${resolved.endpoint} ${key}` };
}
