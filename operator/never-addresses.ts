// What no rule and no person opens to a sandbox: nodes, API server, hub, cluster DNS.

import type { ObjectName, Store } from '../kube/types.ts';
import type { EndpointSlice, Node, Service } from './core-types.ts';

export interface NeverSources {
  readonly nodes: Store<Node>;
  readonly services: Store<Service>;
  readonly endpointSlices: Store<EndpointSlice>;
  readonly hubService: ObjectName;
  readonly resolverService: ObjectName;
  readonly resolverAddresses: readonly string[];
}

export interface NeverAddresses {
  readonly get: () => readonly string[];
  readonly subscribe: (listener: () => void, signal: AbortSignal) => void;
}

const apiServer: Required<ObjectName> = { namespace: 'default', name: 'kubernetes' };

/** Kept in a stable order; listeners hear only of real changes. */
export function followNeverAddresses(sources: NeverSources, signal: AbortSignal): NeverAddresses {
  const listeners = new Set<() => void>();
  let apiServers: readonly string[] = [];
  const read = () => {
    // An API server takes its address away as it ends, and is back at it a moment later.
    const now = apiServerAddresses(sources);
    if (now.length > 0) apiServers = now;
    return collect(sources, apiServers);
  };
  let current = read();
  const look = () => {
    const next = read();
    if (next.join() === current.join()) return;
    current = next;
    for (const listener of listeners) listener();
  };
  sources.nodes.subscribe(look, signal);
  sources.services.subscribe(look, signal);
  sources.endpointSlices.subscribe(look, signal);
  return {
    get: () => current,
    subscribe: (listener, until) => {
      listeners.add(listener);
      until.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
  };
}

function collect({ nodes, services, ...names }: NeverSources, apiServers: readonly string[]): readonly string[] {
  const ofNodes = nodes
    .list()
    .flatMap(({ status }) => (status?.addresses ?? []).filter(isIp).map(entry => entry.address));
  const ofServices = [apiServer, names.hubService, names.resolverService].flatMap(name =>
    clusterIps(services.get(name)),
  );
  return [...new Set([...ofNodes, ...ofServices, ...apiServers, ...names.resolverAddresses])].sort();
}

function apiServerAddresses({ endpointSlices }: NeverSources): readonly string[] {
  return endpointSlices
    .list(apiServer.namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === apiServer.name)
    .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
}

function isIp({ type }: { readonly type: string }): boolean {
  return type === 'InternalIP' || type === 'ExternalIP';
}

export function clusterIps(service: Service | undefined): readonly string[] {
  const { clusterIPs, clusterIP = '' } = service?.spec ?? {};
  return (clusterIPs ?? [clusterIP]).filter(address => address !== '' && address !== 'None');
}
