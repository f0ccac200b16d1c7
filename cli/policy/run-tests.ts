// spec.tests of policies, through the engine.
import type { CompiledSet } from './compile-set.ts';
import { type Evaluation, evaluateRequest, type RequestQuestion } from './evaluate-request.ts';
import type { PolicySet } from './policy-set.ts';

export interface TestResult {
  readonly policy: string;
  readonly request: RequestQuestion;
  readonly expect: 'Allow' | 'Deny' | 'Ask';
  readonly got: Evaluation;
  readonly passed: boolean;
}

const noGrants = { hash: '', items: [] };

/** Tests of every policy of the set, each against all of them together; without approvals, as at admission. */
export function runTests(set: PolicySet, compiled: CompiledSet, nowMs: number): readonly TestResult[] {
  return set.policies.flatMap(({ metadata, spec }) =>
    (spec.tests ?? []).map(({ request, expect }) => {
      const got = evaluateRequest(compiled.policy, noGrants, request, nowMs);
      return { policy: metadata.name, request, expect, got, passed: got.verdict === expect };
    }),
  );
}
