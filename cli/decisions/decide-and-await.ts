import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { describeTarget } from '../approvals/describe-target.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { watchUntil } from '../kube/watch-until.ts';
import { UserError } from '../user-error.ts';
import { type DecisionOptions, decisionOf, type Verdict } from './decision-of.ts';
import { submitDecision } from './submit-decision.ts';

export interface Decide {
  readonly verdict: Verdict;
  readonly options: DecisionOptions;
  /** The caller, as the API server knows them. */
  readonly by: string;
  /** How long to wait for the effect; 0: not at all. */
  readonly waitMs: number;
}

/** What must come true in status before a verdict has its effect. */
const effectOf = { Approve: 'Enforced', Deny: 'Denied', Snooze: 'Snoozed', Revoke: 'Revoked' } as const;
type Phase = NonNullable<NonNullable<ApprovalRequest['status']>['phase']>;

/** Decides on what was seen and says in one line what came of it; throws UserError where it is refused or takes too long. */
export async function decideAndAwait(api: Api, seen: ApprovalRequest, decide: Decide): Promise<string> {
  const { verdict, options, by, waitMs } = decide;
  const { name, namespace } = seen.metadata;
  const startedMs = performance.now();
  const stored = await submitDecision(api, seen, decisionOf(seen, verdict, options, by));
  const target = describeTarget(seen);
  if (waitMs === 0) return `${name} decided (${verdict}): ${target}`;
  const wanted = verdict === 'Approve' ? await effectOfApproval(api, seen) : effectOf[verdict];
  const path = creelPath(namespace, 'approvalrequests', name);
  const isOver = (request: ApprovalRequest) => isReached(request, wanted) || refusalOf(request) !== undefined;
  const done = await watchUntil(api, path, stored, isOver, waitMs);
  if (done === undefined)
    throw new UserError(
      `${name} is decided (${verdict}) but not yet ${wanted} after ${waitMs / 1000} s: ${target}. The operator may be down`,
      {
        exitCode: exitCodes.timeout,
        try: [`kubectl creel -n ${namespace} describe apr/${name}`, 'kubectl creel doctor'],
      },
    );
  const refusal = isReached(done, wanted) ? undefined : refusalOf(done);
  if (refusal !== undefined) throw new UserError(`${name} is approved, but nothing is granted: ${refusal}`);
  const tookMs = Math.round(performance.now() - startedMs);
  return `${name} ${wanted.toLowerCase()}: ${target}${untilText(done, verdict)} (${tookMs} ms)${wanted === 'Approved' && seen.spec.type === 'Egress' ? '; in force once the sandbox runs' : ''}`;
}

/** A sandbox without a pod has nobody who could enforce; a GPU is given by making one. */
async function effectOfApproval(api: Api, { metadata, spec }: ApprovalRequest): Promise<Phase> {
  if (spec.type === 'GPU') return 'Approved';
  try {
    const sandbox = await api.get<Sandbox>(creelPath(metadata.namespace, 'sandboxes', spec.sandbox.name));
    return sandbox.status?.pod === undefined && sandbox.status?.phase !== undefined ? 'Approved' : 'Enforced';
  } catch (error) {
    // Deleted meanwhile, or not ours to read: then the request's own status has to say it.
    if (error instanceof UserError) return 'Enforced';
    throw error;
  }
}

function isReached({ status }: ApprovalRequest, wanted: Phase): boolean {
  return status?.phase === wanted || (wanted === 'Approved' && status?.phase === 'Enforced');
}

/** Approved, and the operator says why it is not granted: a ceiling, a scope it cannot bound. */
function refusalOf({ status, metadata }: ApprovalRequest): string | undefined {
  const granted = status?.conditions?.find(({ type }) => type === 'Granted');
  const isOfThis = granted?.observedGeneration === undefined || granted.observedGeneration === metadata.generation;
  return granted?.reason === 'NotInForce' && isOfThis && status?.observedGeneration === metadata.generation
    ? granted.message
    : undefined;
}

function untilText({ status }: ApprovalRequest, verdict: Verdict): string {
  return (verdict === 'Approve' || verdict === 'Snooze') && status?.expiresAt !== undefined
    ? `, until ${status.expiresAt}`
    : '';
}
