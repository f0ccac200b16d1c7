// The few objects that rules look at, kept by watches: no review waits for a question to the API server.
import { ObjectStore } from '../kube/object-store.ts';
import { runWatch, type WatchTrouble } from '../kube/run-watch.ts';
import type { Transport } from '../kube/transport.ts';
import type { Clock, KubeObject, ListOptions, ResourceRef } from '../kube/types.ts';
import { resources } from './resources.ts';
import type { AdmissionWorld } from './rules/admission-world.ts';

export interface WatchWorldOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onTrouble: (trouble: WatchTrouble) => void;
  /** Of the API server, beside what its EndpointSlices say. */
  readonly apiServerAddress?: string;
}

const ofApiServer: ListOptions = { namespace: 'default', labelSelector: 'kubernetes.io/service-name=kubernetes' };

/** Resolves when every list is complete. */
export async function watchWorld(options: WatchWorldOptions, signal: AbortSignal): Promise<AdmissionWorld> {
  const opened: Promise<void>[] = [];
  const open = <T extends KubeObject>(resource: ResourceRef<T>, scope: ListOptions = {}, trim?: (object: T) => T) => {
    const store = new ObjectStore<T>({}, trim);
    void runWatch({ ...options, resource, scope, onChange: change => store.take(change) }, signal);
    opened.push(store.synced());
    return store;
  };
  const clusterPolicies = open(resources.clusterEgressPolicies);
  const egressPolicies = open(resources.egressPolicies);
  const namespaces = open(resources.namespaces, {}, labelsOnly);
  const endpointSlices = open(resources.endpointSlices, ofApiServer);
  await Promise.all(opened);
  const fixed = options.apiServerAddress === undefined ? [] : [options.apiServerAddress];
  return {
    namespaceLabels: namespace => namespaces.get({ name: namespace })?.metadata.labels,
    clusterPolicies: () => clusterPolicies.list(),
    egressPolicies: namespace => egressPolicies.list(namespace),
    apiServers: () => [
      ...fixed,
      ...endpointSlices.list().flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)),
    ],
    nowMs: () => options.clock.nowMs(),
  };
}

function labelsOnly({ metadata }: KubeObject): KubeObject {
  const { name, uid, resourceVersion, labels } = metadata;
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(labels === undefined ? {} : { labels }),
    },
  };
}
