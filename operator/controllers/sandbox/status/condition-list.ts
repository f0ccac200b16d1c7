import type { Condition } from '../../../../crds/schema/condition.ts';

export type ConditionType =
  | 'Ready'
  | 'Reconciling'
  | 'Stalled'
  | 'FenceVerified'
  | 'PolicyEnforced'
  | 'NetworkPolicyEnforced'
  | 'WidenedByOtherPolicy'
  | 'IsolationComplete'
  | 'InferenceReady'
  | 'GPUApproved'
  | 'Outdated';

export interface Finding {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** Findings as conditions: the time of the last transition stays where the status stays. */
export function toConditions(
  findings: readonly Finding[],
  before: readonly Condition[],
  generation: number,
  nowMs: number,
): Condition[] {
  return findings.map(finding => {
    const previous = before.find(({ type }) => type === finding.type);
    const lastTransitionTime =
      previous?.status === finding.status ? previous.lastTransitionTime : new Date(nowMs).toISOString();
    return { ...finding, lastTransitionTime, observedGeneration: generation };
  });
}
