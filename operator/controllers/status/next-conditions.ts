import type { Condition } from '../../../crds/schema/condition.ts';

export interface WantedCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** Under the API server's bound for a condition's message. */
const maxMessageLength = 8_192;

/** The wanted conditions, with the time of the last transition kept where the status is the same. */
export function nextConditions(
  before: readonly Condition[] | undefined,
  wanted: readonly WantedCondition[],
  generation: number,
  nowMs: number,
): Condition[] {
  return wanted.map(({ type, status, reason, message }) => {
    const old = before?.find(condition => condition.type === type);
    const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
    return {
      type,
      status,
      reason,
      message: message.length > maxMessageLength ? `${message.slice(0, maxMessageLength - 1)}…` : message,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : now,
      observedGeneration: generation,
    };
  });
}
