/**
 * Orders snapshots across operator restarts: the lease epoch first, then a counter within it. A lower one is refused,
 * so that a revoked grant cannot come back.
 */
export interface Revision {
  readonly epoch: number;
  readonly counter: number;
}

/** Negative when a is older than b, 0 when equal, positive when newer. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch - b.epoch || a.counter - b.counter;
}

/** `3.17`, as shown in status columns and logs. */
export function formatRevision(revision: Revision): string {
  return `${revision.epoch}.${revision.counter}`;
}
