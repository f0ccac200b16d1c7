import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { Store } from '../../kube/types.ts';
import type { AuditLog } from './create-audit-log.ts';
import { PolicyAudit } from './policy-audit.ts';

/** Records what is deleted; what is changed is recorded where its status is written. */
export function followPolicies(
  stores: {
    readonly egressPolicies: Store<EgressPolicy>;
    readonly clusterEgressPolicies: Store<ClusterEgressPolicy>;
  },
  log: AuditLog,
  signal: AbortSignal,
): PolicyAudit {
  const audit = new PolicyAudit(log);
  stores.egressPolicies.subscribe(({ type, object }) => {
    if (type === 'Deleted') audit.forget({ ...object, kind: 'EgressPolicy' });
  }, signal);
  stores.clusterEgressPolicies.subscribe(({ type, object }) => {
    if (type === 'Deleted') audit.forget({ ...object, kind: 'ClusterEgressPolicy' });
  }, signal);
  return audit;
}
