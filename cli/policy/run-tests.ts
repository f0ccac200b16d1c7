// spec.tests of policies, as admission runs them (decision 0008): each policy alone, in a sandbox with the defaults.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { evaluateTests, type TestResult } from '../../engine/compile/evaluate-tests.ts';
import { compileSet } from './compile-set.ts';
import type { PolicySet } from './policy-set.ts';

export interface PolicyTestResult extends TestResult {
  readonly policy: string;
  readonly passed: boolean;
}

export function runTests(set: PolicySet): readonly PolicyTestResult[] {
  return set.policies.flatMap(policy => {
    const { policy: alone } = compileSet(onlyPolicy(set, policy), 0);
    return evaluateTests(alone, policy.spec.tests ?? []).map(result => ({
      policy: policy.metadata.name,
      ...result,
      passed: result.failure === undefined,
    }));
  });
}

/** Without its tests: a policy whose tests fail allows nothing, and each of them would then fail for that. */
function onlyPolicy(set: PolicySet, { spec: { tests: _tests, ...spec }, ...policy }: EgressPolicy): PolicySet {
  const labels = spec.sandboxSelector.matchLabels ?? {};
  const metadata = { ...set.sandbox.metadata, namespace: policy.metadata.namespace, labels };
  const sandbox = { metadata, spec: { image: 'none' } };
  return { ...set, sandbox, policies: [{ ...policy, spec }], clusterPolicies: [], requests: [] };
}
