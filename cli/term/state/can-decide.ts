import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Verdict } from './dialog.ts';

/** Why a request cannot take a verdict, as the API server would refuse it; undefined where it can. */
export function whyNot(request: ApprovalRequest, verdict: Verdict, isGone: boolean): string | undefined {
  if (isGone) return 'it was deleted; the agent asks anew if it still wants it';
  const phase = request.status?.phase ?? 'Pending';
  const decided = request.spec.decision?.verdict;
  if (phase === 'Expired' || phase === 'Superseded' || phase === 'Revoked')
    return `it is over (${phase}); the agent asks anew if it still wants it`;
  if (verdict === 'Revoke') return decided === 'Approve' ? undefined : 'only an approval can be revoked';
  if (decided === undefined || decided === 'Snooze') return undefined;
  if (decided === 'Deny') return verdict === 'Approve' ? undefined : 'it is denied already; a approves it after all';
  return 'it is approved already; r revokes it';
}
