import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';

/** Everything that speaks of one sandbox's egress, from files or from a cluster. */
export interface PolicySet {
  readonly sandbox: Pick<Sandbox, 'metadata' | 'spec'>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly policies: readonly EgressPolicy[];
  readonly clusterPolicies: readonly ClusterEgressPolicy[];
  readonly requests: readonly ApprovalRequest[];
  /** `namespace/name` → ClusterIPs. */
  readonly services: ReadonlyMap<string, readonly string[]>;
  /** What could not be read, and what that means for the answer. */
  readonly gaps: readonly string[];
  /** Read from files: no cluster holds it as far as anybody knows. */
  readonly isOfFiles?: boolean;
}
