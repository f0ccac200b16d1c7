// spec.tests of policies, as admission runs them (decision 0008): each policy alone, in a sandbox with the defaults.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { compileSet } from './compile-set.ts';
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

export function runTests(set: PolicySet): readonly TestResult[] {
  return set.policies.flatMap(policy => {
    const { policy: alone } = compileSet(onlyPolicy(set, policy), 0);
    return (policy.spec.tests ?? []).map(({ request, expect }) => {
      const got = evaluateRequest(alone, noGrants, request, 0);
      return { policy: policy.metadata.name, request, expect, got, passed: got.verdict === expect };
    });
  });
}

/** Without its tests: a policy whose tests fail allows nothing, and each of them would then fail for that. */
function onlyPolicy(set: PolicySet, { spec: { tests: _tests, ...spec }, ...policy }: EgressPolicy): PolicySet {
  const labels = spec.sandboxSelector.matchLabels ?? {};
  const metadata = { ...set.sandbox.metadata, namespace: policy.metadata.namespace, labels };
  const sandbox = { metadata, spec: { image: 'none' } };
  return { ...set, sandbox, policies: [{ ...policy, spec }], clusterPolicies: [], requests: [] };
}
