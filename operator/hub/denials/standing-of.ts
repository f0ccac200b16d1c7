// How a request stands where a person has answered, but not with an approval. Read off the decision itself: the status may be a
// write behind.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { durationMs } from '../../../crds/schema/duration-ms.ts';
import { annotations } from '../../../crds/schema/group.ts';
import type { Standing } from '../../../protocol/session.ts';

export const defaultSnoozeMs = 3_600_000;
const firstBackoffMs = 10 * 60_000;
const longestBackoffMs = 24 * 3_600_000;

/** undefined: it waits for a decision, or what was decided is a grant's matter. */
export function standingOf(request: ApprovalRequest, nowMs: number): Standing | undefined {
  const { decision } = request.spec;
  if (decision?.verdict === 'Deny') {
    const untilMs = decidedMs(request, nowMs) + backoffMs(request);
    return { verdict: 'Denied', untilMs, ...(decision.reason ? { guidance: decision.reason } : {}) };
  }
  if (decision?.verdict !== 'Snooze') return undefined;
  const untilMs = decidedMs(request, nowMs) + (durationMs(decision.for ?? '') || defaultSnoozeMs);
  return untilMs <= nowMs ? undefined : { verdict: 'Snoozed', untilMs };
}

/** How often in a row the question was denied, this request's own denial included. */
export function denialsOf({ metadata, spec }: ApprovalRequest): number {
  const before = Number(metadata.annotations?.[annotations.denials] ?? 0) || 0;
  return before + Number(spec.decision?.verdict === 'Deny');
}

/** A refused question waits longer each time it is refused. */
function backoffMs(request: ApprovalRequest): number {
  return Math.min(firstBackoffMs * 2 ** (denialsOf(request) - 1), longestBackoffMs);
}

/** The status of an earlier decision says nothing about this one. */
function decidedMs({ metadata, status }: ApprovalRequest, nowMs: number): number {
  const isWritten = status?.observedGeneration === metadata.generation;
  const writtenMs = isWritten && status?.decidedAt !== undefined ? Date.parse(status.decidedAt) : Number.NaN;
  return Number.isNaN(writtenMs) ? nowMs : writtenMs;
}
