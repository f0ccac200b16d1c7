// What is to be recorded about one ApprovalRequest before its status is written. Pure: the status says what was recorded, so after
// a crash between the two the same record is written once more, with the same id.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Condition } from '../../crds/schema/condition.ts';
import { stableHash } from '../../engine/compile/stable-hash.ts';
import type { AuditRecord } from './audit-record.ts';

type Status = NonNullable<ApprovalRequest['status']>;

/** `request` with the status it has, and the status it is about to have. */
export function approvalRecords(request: ApprovalRequest, next: Status): readonly AuditRecord[] {
  const { spec, metadata, status: before } = request;
  const { decision } = spec;
  const { uid, generation } = metadata;
  const by = decision?.by === undefined ? {} : { user: decision.by };
  const records: AuditRecord[] = [];
  if (before?.phase === undefined && next.phase === 'Pending')
    records.push({ id: `${uid}:asked`, type: 'Asked', ...aboutOf(request) });
  const isNews = before?.decidedAt === undefined || before.observedGeneration !== generation;
  if (decision !== undefined && isNews) {
    const { by: _by, ...decided } = decision;
    const until = next.expiresAt === undefined ? {} : { expiresAt: next.expiresAt };
    records.push({
      id: `${uid}:${generation}:decision`,
      type: 'Decision',
      ...aboutOf(request),
      ...by,
      ...decided,
      ...until,
    });
  }
  const why = next.conditions?.find(isNotInForce)?.message;
  const saidWhy = before?.conditions?.find(isNotInForce)?.message;
  if (why !== undefined && (isNews || why !== saidWhy))
    records.push({
      id: `${uid}:${generation}:not-in-force:${stableHash(why).slice(0, 16)}`,
      type: 'NotInForce',
      ...aboutOf(request),
      ...by,
      why,
    });
  if (next.phase === before?.phase) return records;
  if (next.phase === 'Enforced') {
    const took = next.enforcedInMs === undefined ? {} : { enforcedInMs: next.enforcedInMs };
    records.push({ id: `${uid}:${generation}:enforced`, type: 'Enforced', ...aboutOf(request), ...by, ...took });
  }
  if (next.phase === 'Expired' || next.phase === 'Superseded') {
    const message = next.history?.at(-1)?.message;
    const reason = message === undefined ? {} : { why: message };
    records.push({
      id: `${uid}:${generation}:ended`,
      type: 'Ended',
      ...aboutOf(request),
      phase: next.phase,
      ...reason,
    });
  }
  return records;
}

function isNotInForce({ type, status, reason }: Condition): boolean {
  return type === 'Granted' && status === 'False' && reason === 'NotInForce';
}

/** Only where there is something to say: most reconciles record nothing. */
function aboutOf({ metadata, spec }: ApprovalRequest) {
  const { namespace, name, uid, generation } = metadata;
  const { sandbox, egress, gpu } = spec;
  return {
    object: { kind: 'ApprovalRequest', namespace, name, uid, generation },
    digest: stableHash({ ...spec, decision: undefined }),
    sandbox,
    ...(egress === undefined ? {} : { egress }),
    ...(gpu === undefined ? {} : { gpu }),
  };
}
