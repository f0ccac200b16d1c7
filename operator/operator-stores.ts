// Every watch of the operator. Followers keep them too, so that whoever takes over knows the world already.

import type { ApprovalRequest } from '../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../crds/schema/egress-policy.ts';
import { labels } from '../crds/schema/group.ts';
import type { InferenceProfile } from '../crds/schema/inference-profile.ts';
import type { Sandbox } from '../crds/schema/sandbox.ts';
import { ObjectStore } from '../kube/object-store.ts';
import { runWatch, type WatchTrouble } from '../kube/run-watch.ts';
import type { Transport } from '../kube/transport.ts';
import type { Clock, Indexes, KubeObject, ListOptions, ResourceRef, Store } from '../kube/types.ts';
import { approvalIndexes } from './approval-indexes.ts';
import type { EndpointSlice, Namespace, Node, Pod, Service } from './core-types.ts';
import { resources } from './resources.ts';

export interface OperatorStores {
  readonly sandboxes: Store<Sandbox>;
  readonly egressPolicies: Store<EgressPolicy>;
  readonly clusterEgressPolicies: Store<ClusterEgressPolicy>;
  readonly inferenceProfiles: Store<InferenceProfile>;
  /** Index `sandbox`: the Sandbox's uid. */
  readonly approvalRequests: Store<ApprovalRequest>;
  readonly namespaces: Store<Namespace>;
  readonly nodes: Store<Node>;
  /** Of sandboxes only, like the next two. */
  readonly pods: Store<Pod>;
  readonly serviceAccounts: Store<KubeObject>;
  readonly persistentVolumeClaims: Store<KubeObject>;
  readonly networkPolicies: Store<KubeObject>;
  readonly services: Store<Service>;
  /** Those that no Service's selector made: kept by hand, and the API server's own. */
  readonly endpointSlices: Store<EndpointSlice>;
}

export interface StoresOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onTrouble: (trouble: WatchTrouble) => void;
}

const ofSandboxes: ListOptions = { labelSelector: labels.sandbox };
const byHand: ListOptions = {
  labelSelector: 'endpointslice.kubernetes.io/managed-by!=endpointslice-controller.k8s.io',
};

/** Resolves when every store holds its first list. */
export async function openStores(options: StoresOptions, signal: AbortSignal): Promise<OperatorStores> {
  const opened: Store<KubeObject>[] = [];
  function open<T extends KubeObject>(
    resource: ResourceRef<T>,
    { scope = {}, indexes, trim }: { scope?: ListOptions; indexes?: Indexes<T>; trim?: (object: T) => T } = {},
  ): Store<T> {
    const store = new ObjectStore<T>(indexes, trim);
    void runWatch({ ...options, resource, scope, onChange: change => store.take(change) }, signal);
    opened.push(store);
    return store;
  }
  const stores: OperatorStores = {
    sandboxes: open(resources.sandboxes),
    egressPolicies: open(resources.egressPolicies),
    clusterEgressPolicies: open(resources.clusterEgressPolicies),
    inferenceProfiles: open(resources.inferenceProfiles),
    approvalRequests: open(resources.approvalRequests, { indexes: approvalIndexes }),
    namespaces: open(resources.namespaces),
    nodes: open(resources.nodes, { trim: addressesOnly }),
    pods: open(resources.pods, { scope: ofSandboxes }),
    serviceAccounts: open(resources.serviceAccounts, { scope: ofSandboxes }),
    persistentVolumeClaims: open(resources.persistentVolumeClaims, { scope: ofSandboxes }),
    networkPolicies: open(resources.networkPolicies),
    services: open(resources.services),
    endpointSlices: open(resources.endpointSlices, { scope: byHand }),
  };
  await Promise.all(opened.map(store => store.synced()));
  return stores;
}

/** A Node lists its images and more: kilobytes that nobody here reads. */
function addressesOnly({ metadata, status }: Node): Node {
  const { name, uid, resourceVersion } = metadata;
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    status: { addresses: status?.addresses ?? [] },
  };
}
