// Ended requests are kept for a day, and at most fifty a sandbox: history, not a leak.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { standingOf } from '../../hub/denials/standing-of.ts';
import { endedPhases } from './plan.ts';

const keptMs = 24 * 3_600_000;
const maxEnded = 50;
/** A denial is what keeps its question from being asked again: others that end do not push it out so soon. */
const maxDenied = 200;

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
  const bound = (request: ApprovalRequest) => (isRemembered(request, nowMs) ? maxDenied : maxEnded);
  const now = ended.filter((request, index) => index >= bound(request) || endMs(request) + keptMs <= nowMs);
  const oldestKept = ended.filter(request => !now.includes(request)).at(-1);
  return oldestKept ? { now, againAfterMs: endMs(oldestKept) + keptMs - nowMs } : { now };
}

/** Denied, and its time has not come again. */
function isRemembered(request: ApprovalRequest, nowMs: number): boolean {
  const standing = standingOf(request, nowMs);
  return standing !== undefined && standing.untilMs > nowMs;
}

function endMs({ status }: ApprovalRequest): number {
  return Date.parse(status?.endedAt ?? '');
}
