import type { EgressPolicy } from '../../../crds/schema/egress-policy.ts';
import type { ServiceLookup } from '../../../engine/compile/check-peer.ts';
import { checkEgressPolicy } from '../../../engine/compile/compile-policy.ts';
import { warnOfBinaries } from '../../../engine/compile/warn-of-binaries.ts';
import { parseKey } from '../../../kube/keys.ts';
import type { Clock, KubeClient, Reconciler, Store } from '../../../kube/types.ts';
import type { PolicyAudit } from '../../audit/policy-audit.ts';
import { resources } from '../../resources.ts';
import { credentialIssues } from '../../snapshots/compile-credentials.ts';
import type { CredentialCache } from '../../snapshots/credential-cache.ts';
import { rulesWithCredential } from '../../snapshots/rules-with-credential.ts';
import { nextConditions } from '../status/next-conditions.ts';
import { planPolicyConditions } from '../status/plan-policy-conditions.ts';
import { type PolicyViewSources, viewPolicy } from '../status/policy-view.ts';
import { writeStatus } from '../status/write-status.ts';

export interface EgressPolicyReconcilerOptions extends PolicyViewSources {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly audit: Pick<PolicyAudit, 'take'>;
  readonly policies: Store<EgressPolicy>;
  readonly services: ServiceLookup;
  readonly credentials: Pick<CredentialCache, 'get'>;
}

/** Says of each EgressPolicy whether its rules hold and where; what they do is compiled elsewhere. */
export function egressPolicyReconciler(options: EgressPolicyReconcilerOptions): Reconciler {
  const { client, clock, policies, services, credentials } = options;
  return {
    name: 'egress-policy',
    reconcile: async key => {
      const policy = policies.get(parseKey(key));
      if (policy === undefined) return { type: 'Done' };
      options.audit.take({ ...policy, kind: 'EgressPolicy' });
      const view = viewPolicy(key, options);
      const rules = rulesWithCredential(policy, services);
      const own = [...checkEgressPolicy(policy, services), ...credentialIssues(rules, credentials.get)];
      const wanted = planPolicyConditions(own, view, warnOfBinaries(policy));
      const { generation } = policy.metadata;
      await writeStatus(client, resources.egressPolicies, policy, {
        observedGeneration: generation,
        conditions: nextConditions(policy.status?.conditions, wanted, generation, clock.nowMs()),
        sandboxes: { matched: view.matched.length, enforced: view.enforced.length },
      });
      return { type: 'Done' };
    },
  };
}
