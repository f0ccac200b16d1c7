// Where the parts of a snapshot come from: the stores, and what the compiler asks of them.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { ServiceLookup } from '../../engine/compile/check-peer.ts';
import { compileGrants, type GrantsResult } from '../../engine/compile/compile-grants.ts';
import { ceilingsOf, compilePolicy, type PolicyResult } from '../../engine/compile/compile-policy.ts';
import { selectorMatches } from '../../engine/compile/selector-matches.ts';
import type { Store } from '../../kube/types.ts';
import { childName } from '../controllers/sandbox/child-name.ts';
import type { Namespace, Pod, Service } from '../core-types.ts';
import type { CredentialCache } from './credential-cache.ts';

export interface SnapshotSources {
  readonly sandboxes: Store<Sandbox>;
  readonly namespaces: Store<Namespace>;
  readonly egressPolicies: Store<EgressPolicy>;
  readonly clusterEgressPolicies: Store<ClusterEgressPolicy>;
  readonly inferenceProfiles: Store<InferenceProfile>;
  /** With the index `sandbox`: the Sandbox's uid. */
  readonly approvalRequests: Store<ApprovalRequest>;
  readonly pods: Store<Pod>;
  readonly services: Store<Service>;
  readonly credentials: CredentialCache;
  /** Node, API server, hub and cluster DNS. */
  readonly neverAddresses: () => readonly string[];
  readonly onNeverAddresses: (listener: () => void, signal: AbortSignal) => void;
}

export function policyFor(sandbox: Sandbox, sources: SnapshotSources): PolicyResult {
  const { namespace } = sandbox.metadata;
  return compilePolicy({
    sandbox,
    namespaceLabels: labelsOf(namespace, sources),
    policies: sources.egressPolicies.list(namespace),
    clusterPolicies: sources.clusterEgressPolicies.list(),
    services: servicesIn(sources),
    neverAddresses: sources.neverAddresses(),
  });
}

export function grantsFor({ metadata }: Sandbox, sources: SnapshotSources, nowMs: number): GrantsResult {
  const { namespace, name, uid } = metadata;
  const labels = labelsOf(namespace, sources);
  const ceilings = ceilingsOf(
    sources.clusterEgressPolicies.list().filter(({ spec }) => selectorMatches(spec.namespaceSelector, labels)),
  );
  const pod = sources.pods.get({ namespace, name: childName(name) });
  const podCreatedMs = Date.parse(pod?.metadata.creationTimestamp ?? '');
  return compileGrants({
    sandboxUid: uid,
    requests: sources.approvalRequests.byIndex('sandbox', uid),
    ceilings,
    nowMs,
    ...(Number.isNaN(podCreatedMs) ? {} : { podCreatedMs }),
  });
}

export function servicesIn({ services }: Pick<SnapshotSources, 'services'>): ServiceLookup {
  return (namespace, name) => {
    const spec = services.get({ namespace, name })?.spec;
    if (spec === undefined) return undefined;
    const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
    return { addresses: addresses.filter(address => address !== '' && address !== 'None') };
  };
}

function labelsOf(namespace: string, { namespaces }: SnapshotSources): Readonly<Record<string, string>> {
  return namespaces.get({ name: namespace })?.metadata.labels ?? {};
}
