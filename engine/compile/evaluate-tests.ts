// spec.tests of an EgressPolicy, as admission and `policy test` run them.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { CompiledPolicy } from '../../protocol/snapshot.ts';
import { describeCause, describeQuestion } from '../decide/describe-evaluation.ts';
import { createEvaluator, type Evaluation } from '../decide/request-evaluator.ts';

type PolicyTest = NonNullable<EgressPolicy['spec']['tests']>[number];

export interface TestResult {
  readonly request: PolicyTest['request'];
  readonly expect: PolicyTest['expect'];
  readonly got: Evaluation;
  /** Of a failure: what became of the request instead, and why. */
  readonly failure?: string;
}

/** Without approvals. A test without method and path asks about the connection; one without binary is of an unknown one. */
export function evaluateTests(policy: CompiledPolicy, tests: readonly PolicyTest[]): readonly TestResult[] {
  // Grants alone would read the clock, and there are none.
  const evaluate = createEvaluator(policy, { hash: '', items: [] }, 0);
  return tests.map(({ request, expect }) => {
    const got = evaluate(request);
    if (got.verdict === expect) return { request, expect, got };
    const failure = `${describeQuestion(request)} is ${got.verdict} (${describeCause(got)}), not ${expect}`;
    return { request, expect, got, failure };
  });
}
