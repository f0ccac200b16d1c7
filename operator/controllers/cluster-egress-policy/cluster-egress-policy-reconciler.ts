import type { ClusterEgressPolicy } from '../../../crds/schema/cluster-egress-policy.ts';
import type { ServiceLookup } from '../../../engine/compile/check-peer.ts';
import { checkClusterEgressPolicy } from '../../../engine/compile/compile-policy.ts';
import { parseKey } from '../../../kube/keys.ts';
import type { Clock, KubeClient, Reconciler, Store } from '../../../kube/types.ts';
import type { PolicyAudit } from '../../audit/policy-audit.ts';
import { resources } from '../../resources.ts';
import { nextConditions } from '../status/next-conditions.ts';
import { planPolicyConditions } from '../status/plan-policy-conditions.ts';
import { type PolicyViewSources, viewPolicy } from '../status/policy-view.ts';
import { writeStatus } from '../status/write-status.ts';

export interface ClusterEgressPolicyReconcilerOptions extends PolicyViewSources {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly audit: Pick<PolicyAudit, 'take'>;
  readonly policies: Store<ClusterEgressPolicy>;
  readonly services: ServiceLookup;
}

/** Says of each ClusterEgressPolicy whether its rules hold and where; what they do is compiled elsewhere. */
export function clusterEgressPolicyReconciler(options: ClusterEgressPolicyReconcilerOptions): Reconciler {
  const { client, clock, policies, services } = options;
  return {
    name: 'cluster-egress-policy',
    reconcile: async key => {
      const policy = policies.get(parseKey(key));
      if (policy === undefined) return { type: 'Done' };
      options.audit.take({ ...policy, kind: 'ClusterEgressPolicy' });
      const view = viewPolicy(`cluster/${key}`, options);
      const wanted = planPolicyConditions(checkClusterEgressPolicy(policy, services), view);
      const { generation } = policy.metadata;
      await writeStatus(client, resources.clusterEgressPolicies, policy, {
        observedGeneration: generation,
        conditions: nextConditions(policy.status?.conditions, wanted, generation, clock.nowMs()),
        sandboxes: { matched: view.matched.length, enforced: view.enforced.length },
      });
      return { type: 'Done' };
    },
  };
}
