// What rules know beside the request: objects that the webhook watches. Rules never look any further.
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { Ceiling } from '../../engine/compile/ceiling.ts';
import type { ServiceLookup } from '../../engine/compile/check-peer.ts';
import { ceilingsOf } from '../../engine/compile/compile-policy.ts';
import { selectorMatches } from '../../engine/compile/selector-matches.ts';

export interface AdmissionWorld {
  /** undefined: not known, so that only selectors without labels match it. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  readonly clusterPolicies: () => readonly ClusterEgressPolicy[];
  /** Of one namespace; of all where none is given. */
  readonly egressPolicies: (namespace?: string) => readonly EgressPolicy[];
  /** Addresses of the API server. */
  readonly apiServers: () => readonly string[];
  readonly nowMs: () => number;
}

/**
 * Whether a Service exists is not asked at admission: it may be applied after the policy that names it. The address is one that
 * nobody has (RFC 5737).
 */
export const anyService: ServiceLookup = () => ({ addresses: ['192.0.2.1'] });

/** Cluster policies that hold in a namespace. */
export function clusterPoliciesOf(world: AdmissionWorld, namespace: string): readonly ClusterEgressPolicy[] {
  const labels = world.namespaceLabels(namespace);
  return world.clusterPolicies().filter(({ spec }) => selectorMatches(spec.namespaceSelector, labels));
}

export function ceilingsIn(world: AdmissionWorld, namespace: string): readonly Ceiling[] {
  return ceilingsOf(clusterPoliciesOf(world, namespace));
}
