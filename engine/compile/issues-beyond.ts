import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { type Ceiling, ruleBeyond } from './ceiling.ts';
import type { ServiceLookup } from './check-peer.ts';
import { compileAllowRule } from './compile-rule.ts';
import type { RuleIssue } from './rule-issue.ts';

/** What of a policy's allow rules lies beyond the ceilings that hold in its namespace, whichever sandboxes it selects. */
export function issuesBeyond(
  { metadata: { namespace, name }, spec }: Pick<EgressPolicy, 'metadata' | 'spec'>,
  ceilings: readonly Ceiling[],
  services: ServiceLookup,
): readonly RuleIssue[] {
  const policy = `${namespace}/${name}`;
  return (spec.allow ?? []).flatMap(raw => {
    const { rules } = compileAllowRule(raw, { id: `${policy}/${raw.name}`, namespace, services });
    const problems = rules.flatMap(rule => ceilings.flatMap(ceiling => ruleBeyond(ceiling, rule) ?? []));
    return problems.map((problem): RuleIssue => ({ policy, rule: raw.name, ...problem }));
  });
}
