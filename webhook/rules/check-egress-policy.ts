// An EgressPolicy as its author sends it: what the schema, the compiler, its own tests and the ceilings say, all at once.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { allowRule, denyRule } from '../../crds/schema/egress-rule.ts';
import { checkEgressPolicy } from '../../engine/compile/compile-policy.ts';
import { issuesBeyond } from '../../engine/compile/issues-beyond.ts';
import { warnOfRules } from '../../engine/compile/warn-of-rules.ts';
import { type AdmissionWorld, anyService, ceilingsIn } from './admission-world.ts';
import { checkSchema } from './check-schema.ts';
import { foreignConflicts } from './foreign-conflicts.ts';
import { policyProblems } from './policy-problems.ts';
import { namedEntries, readableRules } from './readable-rules.ts';
import type { Verdict } from './verdict.ts';

interface Sent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: unknown;
}

export function judgeEgressPolicy(object: Sent & Readonly<Record<string, unknown>>, world: AdmissionWorld): Verdict {
  const schema = checkSchema('EgressPolicy', object);
  const { allow, deny, tests } = (object.spec ?? {}) as Readonly<Record<string, unknown>>;
  const rules = readableRules(allowRule, allow);
  const policy = {
    ...object,
    kind: 'EgressPolicy',
    spec: {
      ...(object.spec as object | undefined),
      allow: rules,
      deny: readableRules(denyRule, deny),
      // Half a policy would fail them for no reason of theirs.
      tests: schema.length === 0 ? tests : undefined,
    },
  } as unknown as EgressPolicy;
  const issues = [
    ...checkEgressPolicy(policy, anyService),
    ...issuesBeyond(policy, ceilingsIn(world, object.metadata.namespace), anyService),
  ];
  const places = { allow: namedEntries(allow), deny: namedEntries(deny) };
  const problems = [...schema, ...policyProblems(issues, places)];
  if (problems.length > 0) return { problems, warnings: [] };
  return { problems, warnings: [...warnOfRules(rules), ...foreignConflicts(policy, world)] };
}
