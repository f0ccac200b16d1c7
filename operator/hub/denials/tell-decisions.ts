// Decisions that are no grants go down too: an agent's 403 carries the reason, and who waits for a decision waits no longer.
import { isDeepStrictEqual } from 'node:util';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Store } from '../../../kube/types.ts';
import type { Standing } from '../../../protocol/session.ts';
import type { Hub } from '../hub.ts';
import { standingOf } from './standing-of.ts';

/** Told in the tick of the decision's watch event, and again to each new session. */
export function tellDecisions(
  hub: Pick<Hub, 'decided' | 'subscribe'>,
  requests: Store<ApprovalRequest>,
  nowMs: () => number,
  signal: AbortSignal,
): void {
  /** By uid: what was said last. A time that is over changes a standing without a word from anybody. */
  const told = new Map<string, Standing>();
  requests.subscribe(({ type, object: request }) => {
    const { uid, name } = request.metadata;
    const before = told.get(uid);
    told.delete(uid);
    if (type === 'Deleted') return;
    const standing = standingOf(request, nowMs());
    if (standing !== undefined) told.set(uid, standing);
    if (!isDeepStrictEqual(standing, before)) hub.decided(request.spec.sandbox.uid, name, standing);
  }, signal);
  hub.subscribe((sandboxUid, change) => {
    if (change !== 'Connected') return;
    for (const request of requests.byIndex('sandbox', sandboxUid)) {
      const standing = standingOf(request, nowMs());
      if (standing !== undefined) hub.decided(sandboxUid, request.metadata.name, standing);
    }
  }, signal);
}
