// Ended requests are kept for a day, and at most fifty a sandbox: history, not a leak.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { endedPhases } from './plan.ts';

const keptMs = 24 * 3_600_000;
const maxEnded = 50;

export interface Collectable {
  readonly now: readonly ApprovalRequest[];
  /** When the next one is due. */
  readonly againAfterMs?: number;
}

/** Of one sandbox's requests. */
export function findCollectable(requests: readonly ApprovalRequest[], nowMs: number): Collectable {
  const ended = requests
    .filter(({ status }) => endedPhases.has(status?.phase ?? 'Pending') && status?.endedAt !== undefined)
    .toSorted((a, b) => endMs(b) - endMs(a));
  const now = ended.filter((request, index) => index >= maxEnded || endMs(request) + keptMs <= nowMs);
  const oldestKept = ended.filter(request => !now.includes(request)).at(-1);
  return oldestKept ? { now, againAfterMs: endMs(oldestKept) + keptMs - nowMs } : { now };
}

function endMs({ status }: ApprovalRequest): number {
  return Date.parse(status?.endedAt ?? '');
}
