import type { RuleIssue } from '../../engine/compile/rule-issue.ts';

/** What a rule that is refused, or a policy whose own test fails, means. */
export function formatIssue({ policy, rule, reason, message }: RuleIssue): string {
  return reason === 'TestFailed'
    ? `${policy} allows nothing, because its own ${rule} fails: ${message}`
    : `${policy}/${rule} allows nothing: ${message}`;
}
