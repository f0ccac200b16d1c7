// A ClusterEgressPolicy as its author sends it. What it would take from tenants is said, and is its purpose.
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import { allowRule, denyRule } from '../../crds/schema/egress-rule.ts';
import { checkCeiling } from '../../engine/compile/check-ceiling.ts';
import { checkClusterEgressPolicy } from '../../engine/compile/compile-policy.ts';
import { issuesBeyond } from '../../engine/compile/issues-beyond.ts';
import { selectorMatches } from '../../engine/compile/selector-matches.ts';
import { warnOfRules } from '../../engine/compile/warn-of-rules.ts';
import { type AdmissionWorld, anyService } from './admission-world.ts';
import { checkSchema } from './check-schema.ts';
import { policyProblems } from './policy-problems.ts';
import { namedEntries, readableRules } from './readable-rules.ts';
import type { Verdict } from './verdict.ts';

interface Sent {
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

const maxNamed = 5;

export function judgeClusterEgressPolicy(
  object: Sent & Readonly<Record<string, unknown>>,
  world: AdmissionWorld,
): Verdict {
  const schema = checkSchema('ClusterEgressPolicy', object);
  const { baseline, deny } = (object.spec ?? {}) as Readonly<Record<string, unknown>>;
  const rules = readableRules(allowRule, baseline);
  const policy = {
    ...object,
    kind: 'ClusterEgressPolicy',
    spec: { ...(object.spec as object | undefined), baseline: rules, deny: readableRules(denyRule, deny) },
  } as unknown as ClusterEgressPolicy;
  const places = { baseline: namedEntries(baseline), deny: namedEntries(deny) };
  const ceiling =
    schema.length > 0
      ? []
      : checkCeiling(policy.spec.ceiling ?? {}).map(({ field, message }) => ({
          field: `spec.ceiling.${field}`,
          message,
        }));
  const problems = [...schema, ...policyProblems(checkClusterEgressPolicy(policy, anyService), places), ...ceiling];
  if (problems.length > 0) return { problems, warnings: [] };
  return { problems, warnings: [...warnOfRules(rules), ...warnOfCeiling(policy, world)] };
}

/** Rules that stop allowing as soon as this ceiling holds. */
function warnOfCeiling({ metadata, spec }: ClusterEgressPolicy, world: AdmissionWorld): readonly string[] {
  if (spec.ceiling === undefined) return [];
  const ceilings = [{ policy: `cluster/${metadata.name}`, spec: spec.ceiling }];
  const beyond = world
    .egressPolicies()
    .filter(policy => selectorMatches(spec.namespaceSelector, world.namespaceLabels(policy.metadata.namespace)))
    .flatMap(policy => issuesBeyond(policy, ceilings, anyService));
  const rules = [...new Set(beyond.map(({ policy, rule }) => `${policy}/${rule}`))];
  if (rules.length === 0) return [];
  const more = rules.length > maxNamed ? ` and ${rules.length - maxNamed} more` : '';
  return [`the ceiling takes everything from rules that exist: ${rules.slice(0, maxNamed).join(', ')}${more}`];
}
