// Accepted and Enforced of EgressPolicy and ClusterEgressPolicy. Pure.
import type { RuleIssue } from '../../../engine/compile/rule-issue.ts';
import type { WantedCondition } from './next-conditions.ts';
import type { PolicyView } from './policy-view.ts';

const maxListed = 8;
const heldBack =
  '; until every test of spec.tests passes, no rule of the policy allows anything (try: kubectl creel policy test -f FILE)';

/** `own` is what is wrong with the policy whoever it selects; `warnings` what its author should know all the same. */
export function planPolicyConditions(
  own: readonly RuleIssue[],
  view: PolicyView,
  warnings: readonly string[] = [],
): WantedCondition[] {
  const understood = accepted(distinct([...own, ...view.issues]), warnings);
  return [understood, enforcedCondition(view), stalled(understood)];
}

/** For kstatus: `kubectl wait`, Flux and Argo CD must not take a policy that allows nothing for a good one. */
function stalled({ status, reason, message }: WantedCondition): WantedCondition {
  return status === 'False'
    ? { type: 'Stalled', status: 'True', reason, message }
    : { type: 'Stalled', status: 'False', reason: 'Accepted', message: '' };
}

function accepted(issues: readonly RuleIssue[], warnings: readonly string[]): WantedCondition {
  const [first] = issues;
  if (first === undefined)
    return {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: ['every rule is understood and in force', ...warnings.slice(0, maxListed)].join('; '),
    };
  const lines = issues.map(({ rule, reason, message }) =>
    reason === 'TestFailed' ? `${rule} fails: ${message}` : `rule ${rule} allows nothing (${reason}): ${message}`,
  );
  const testsFailed = issues.some(({ reason }) => reason === 'TestFailed');
  return {
    type: 'Accepted',
    status: 'False',
    reason: first.reason === 'TestFailed' ? 'TestsFailed' : first.reason,
    message: `${list(lines, '; ')}${testsFailed ? heldBack : ''}`,
  };
}

function enforcedCondition({ matched, enforced, suspended }: PolicyView): WantedCondition {
  const waiting = matched.filter(name => !enforced.includes(name) && !suspended.includes(name));
  if (matched.length === 0) return say('Unknown', 'NoSandboxes', 'no Sandbox is selected');
  if (waiting.length > 0) return say('False', 'Waiting', `not enforced yet by the sidecars of: ${list(waiting, ', ')}`);
  if (enforced.length === 0)
    return say('Unknown', 'Suspended', 'every selected Sandbox is suspended, ended or waits for an approval');
  return say(
    'True',
    'Enforced',
    `enforced by the sidecars of ${enforced.length} of ${matched.length} selected sandboxes`,
  );
}

function say(status: WantedCondition['status'], reason: string, message: string): WantedCondition {
  return { type: 'Enforced', status, reason, message };
}

/** Several sandboxes meet the same issue. */
function distinct(issues: readonly RuleIssue[]): readonly RuleIssue[] {
  return [...new Map(issues.map(issue => [JSON.stringify(issue), issue])).values()];
}

function list(entries: readonly string[], separator: string): string {
  const more = entries.length - maxListed;
  return [...entries.slice(0, maxListed), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}
