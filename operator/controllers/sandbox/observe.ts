// One sandbox's world, out of the stores. Reads nothing else.

import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { labels } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject, ObjectName, Store } from '../../../kube/types.ts';
import type { EndpointSlice, Namespace, Pod, Service } from '../../core-types.ts';
import type { HubView } from '../../hub/hub.ts';
import type { SnapshotRegistry } from '../../snapshots/types.ts';
import { childName } from './child-name.ts';
import type { PodSettings } from './pod/pod-settings.ts';
import { findWidening } from './wall/find-widening.ts';
import { observeWall } from './wall/observe-wall.ts';
import type { SandboxWorld } from './world.ts';

export interface SandboxStores {
  readonly sandboxes: Store<Sandbox>;
  /** With the index `sandbox`: the Sandbox's uid. */
  readonly requests: Store<ApprovalRequest>;
  readonly namespaces: Store<Namespace>;
  readonly pods: Store<Pod>;
  readonly serviceAccounts: Store<KubeObject>;
  readonly persistentVolumeClaims: Store<KubeObject>;
  /** All of them, not only ours: others can widen what a pod may reach. */
  readonly networkPolicies: Store<KubeObject>;
  readonly services: Store<Service>;
  readonly endpointSlices: Store<EndpointSlice>;
}

export interface ObserveOptions {
  readonly stores: SandboxStores;
  readonly registry: SnapshotRegistry;
  readonly hub: HubView;
  readonly settings: () => PodSettings | { readonly missing: string };
  readonly hubService: ObjectName;
  readonly resolverService: ObjectName;
  /** Resolvers given by the install instead of a Service, bare addresses. */
  readonly resolverAddresses: readonly string[];
  /** Where the install's upstream proxy is. */
  readonly proxyBlocks?: readonly string[];
  readonly leadingSinceMs: number;
}

type Newest = <T extends KubeObject>(kind: string, stored: T | undefined) => T | undefined;

export function observeSandbox(
  sandbox: Sandbox,
  nowMs: number,
  options: ObserveOptions,
  newest: Newest,
  madePods: ReadonlySet<string>,
): SandboxWorld {
  const { stores, registry, hub } = options;
  const { namespace, name, uid } = sandbox.metadata;
  const child = { namespace, name: childName(name) };
  const current = registry.get(uid);
  const podLabels = { [labels.sandbox]: name, [labels.managedBy]: 'creel' };
  return {
    sandbox,
    nowMs,
    leadingSinceMs: options.leadingSinceMs,
    namespace: stores.namespaces.get({ name: namespace }),
    pod: newest('Pod', stores.pods.get(child)),
    workspace: newest('PersistentVolumeClaim', stores.persistentVolumeClaims.get(child)),
    networkPolicy: newest('NetworkPolicy', stores.networkPolicies.get(child)),
    serviceAccount: newest('ServiceAccount', stores.serviceAccounts.get(child)),
    widening: findWidening(stores.networkPolicies.list(namespace), podLabels, child.name),
    current,
    session: hub.state(uid),
    requests: stores.requests.byIndex('sandbox', uid),
    isRecorded: podUid => sandbox.status?.podUid === podUid || madePods.has(podUid),
    settings: options.settings(),
    wall: observeWall(options, current?.snapshot.policy.neverAddresses ?? []),
  };
}
