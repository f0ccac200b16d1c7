import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { scopeOf } from './decision-scope.ts';

export type Verdict = NonNullable<ApprovalRequest['spec']['decision']>['verdict'];

export interface DecisionOptions {
  /** For Approve and Snooze: 5m, 1h, 8h, session … */
  readonly for?: string;
  /** For Approve; absent: the narrowest that was seen. */
  readonly scope?: string;
  readonly maxUses?: number;
  /** For Deny it reaches the agent. */
  readonly reason?: string;
}

/** A decision as a merge patch has it: null takes away what an earlier verdict has left. Throws UserError. */
export function decisionOf(seen: ApprovalRequest, verdict: Verdict, options: DecisionOptions, by: string): object {
  const { for: duration, scope, maxUses, reason } = options;
  const covered = { scope: null, requests: null };
  const hasScope = verdict === 'Approve' && seen.spec.type === 'Egress';
  const extent = hasScope ? scopeOf(seen, seen.metadata.name, scope) : covered;
  return {
    verdict,
    by,
    for: verdict === 'Approve' || verdict === 'Snooze' ? (duration ?? null) : null,
    ...extent,
    maxUses: maxUses ?? null,
    reason: reason ?? null,
  };
}
