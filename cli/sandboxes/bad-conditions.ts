import type { Condition } from '../../crds/schema/condition.ts';

/** True of these is good; True of every other is what somebody should know. */
const goodWhenTrue: ReadonlySet<string> = new Set([
  'Ready',
  'FenceVerified',
  'PolicyEnforced',
  'NetworkPolicyEnforced',
  'IsolationComplete',
  'InferenceReady',
  'GPUApproved',
  'Accepted',
  'Enforced',
]);

/** Conditions of an object that say something is not as it should be, the gravest first. */
export function badConditions({
  status,
}: {
  readonly status?: { readonly conditions?: readonly Condition[] };
}): readonly Condition[] {
  const bad = (status?.conditions ?? []).filter(isBad);
  return bad.toSorted((a, b) => gravity(b) - gravity(a));
}

export function isBad({ type, status }: Pick<Condition, 'type' | 'status'>): boolean {
  return goodWhenTrue.has(type) ? status !== 'True' : status === 'True';
}

function gravity({ type, status }: Condition): number {
  if (type === 'Stalled') return 4;
  if (type === 'FenceVerified' || type === 'NetworkPolicyEnforced') return status === 'False' ? 3 : 1;
  return type === 'Ready' ? 2 : 0;
}
