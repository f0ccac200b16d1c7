import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Condition } from '../../../crds/schema/condition.ts';
import type { ApprovalWorld, Phase } from './plan.ts';

/**
 * Whether the sandbox has what it asked for, and why not: for `kubectl describe`. The reason is the phase, `Granted`, `Undecided`
 * (with what to type), or `NotInForce` for an approval that a ceiling or its own scope keeps from having an effect.
 */
export function grantedCondition(
  { request, refusal }: ApprovalWorld,
  phase: Phase,
  /** What the history says of the phase: a person's reason, what ended it. */
  said: string | undefined,
  at: string,
): Condition {
  const before = request.status?.conditions?.find(({ type }) => type === 'Granted');
  const [status, reason, message] = find(request, phase, refusal, said);
  return {
    type: 'Granted',
    status,
    reason,
    message,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : at,
    ...(request.metadata.generation === undefined ? {} : { observedGeneration: request.metadata.generation }),
  };
}

type Found = readonly [Condition['status'], string, string];

function find(request: ApprovalRequest, phase: Phase, refusal: string | undefined, said: string | undefined): Found {
  if (phase === 'Pending') return ['False', 'Undecided', howToDecide(request)];
  if (phase !== 'Approved' && phase !== 'Enforced') return ['False', phase, said ?? ''];
  return refusal === undefined ? ['True', 'Granted', ''] : ['False', 'NotInForce', refusal];
}

function howToDecide({ metadata: { namespace, name }, spec }: ApprovalRequest): string {
  const time = spec.type === 'GPU' ? '8h' : '1h';
  const patch = JSON.stringify({ spec: { decision: { verdict: 'Approve', for: time } } });
  return [
    `waits for a person: kubectl creel -n ${namespace} approve apr/${name} --for ${time} (or deny, snooze)`,
    `or kubectl -n ${namespace} patch apr ${name} --type=merge -p '${patch}'`,
  ].join('; ');
}
