import type { Condition } from '../../crds/schema/condition.ts';

export function conditionOf(
  { status }: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined {
  return status?.conditions?.find(condition => condition.type === type);
}
