// A compiler's issues as problems of fields. The compiler knows rules by name, people look for them by place.
import type { RuleIssue } from '../../engine/compile/rule-issue.ts';
import type { FieldProblem } from './verdict.ts';

/** `lists` in the order in which a name is looked for: field → its rules as they stand in the object. */
export function policyProblems(
  issues: readonly RuleIssue[],
  lists: Readonly<Record<string, readonly { readonly name?: unknown }[]>>,
): readonly FieldProblem[] {
  return issues.map(({ rule, message }) => ({ field: placeOf(rule, lists), message }));
}

function placeOf(rule: string, lists: Parameters<typeof policyProblems>[1]): string {
  for (const [field, rules] of Object.entries(lists)) {
    const at = rules.findIndex(({ name }) => name === rule);
    if (at >= 0) return `spec.${field}[${at}] (${rule})`;
  }
  return `spec.${rule}`;
}
