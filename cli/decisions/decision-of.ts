import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { SampledRequest } from '../../engine/compile/sampled-requests.ts';
import { scopeOf } from './decision-scope.ts';

export type Verdict = NonNullable<ApprovalRequest['spec']['decision']>['verdict'];

export interface DecisionOptions {
  /** For Approve and Snooze: 5m, 1h, 8h, session … */
  readonly for?: string;
  /** For Approve; absent: the narrowest that was seen. */
  readonly scope?: string;
  /** For Approve: exactly these, which makes the scope Request. */
  readonly requests?: readonly SampledRequest[];
  readonly maxUses?: number;
  /** For Deny it reaches the agent. */
  readonly reason?: string;
}

/** A decision as a merge patch has it: null takes away what an earlier verdict has left. Throws UserError. */
export function decisionOf(seen: ApprovalRequest, verdict: Verdict, options: DecisionOptions, by: string): object {
  const { for: duration, scope, maxUses, reason } = options;
  const covered = { scope: null, requests: null };
  const hasScope = verdict === 'Approve' && seen.spec.type === 'Egress';
  const extent = hasScope ? (named(options.requests) ?? scopeOf(seen, seen.metadata.name, scope)) : covered;
  return {
    verdict,
    by,
    for: verdict === 'Approve' || verdict === 'Snooze' ? (duration ?? null) : null,
    ...extent,
    maxUses: maxUses ?? null,
    reason: reason ?? null,
  };
}

function named(requests: readonly SampledRequest[] | undefined): object | undefined {
  return requests === undefined || requests.length === 0 ? undefined : { scope: 'Request', requests };
}
