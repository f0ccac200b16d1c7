import type { Canaries } from './watch-canaries.ts';

export interface CanaryVerdict {
  readonly enforced: 'True' | 'False' | 'Unknown';
  readonly message: string;
}

/** A CNI programs a new pod's policy within a second or two; until then an open port says nothing yet. */
const graceRounds = 5;

/** What one round of canaries says; rounds are counted from 0 and a second apart. */
export function judgeCanaries(
  reached: { readonly control: boolean; readonly forbidden: boolean },
  round: number,
  { address, controlPort, forbiddenPort }: Canaries,
): CanaryVerdict {
  if (reached.forbidden && round < graceRounds)
    return {
      enforced: 'Unknown',
      message: `port ${forbiddenPort} of the hub, which no NetworkPolicy admits, is still reachable; the CNI may need a moment`,
    };
  if (reached.forbidden)
    return {
      enforced: 'False',
      message: `port ${forbiddenPort} of the hub, which no NetworkPolicy admits, is reachable: the cluster's CNI does not enforce NetworkPolicy`,
    };
  if (!reached.control)
    return {
      enforced: 'Unknown',
      message: `the hub's own port ${controlPort} at ${address} is not reachable, so nothing can be concluded`,
    };
  return { enforced: 'True', message: 'the port that is admitted is reachable and the other one is not' };
}
