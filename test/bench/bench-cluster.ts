// A cluster of its own for a bench: etcd with fsync, Creel installed, one namespace for sandboxes, watches that tell at once.

import { createKubeClient } from '../../operator/kube/kube-client.ts';
import { loadKubeconfig } from '../../operator/kube/load-kubeconfig.ts';
import { ObjectStore } from '../../operator/kube/object-store.ts';
import { runWatch } from '../../operator/kube/run-watch.ts';
import { systemClock } from '../../operator/kube/system-clock.ts';
import { openTransport, type Transport } from '../../operator/kube/transport.ts';
import type { KubeClient, KubeObject, ObjectName, ResourceRef } from '../../operator/kube/types.ts';
import { resources } from '../../operator/resources.ts';
import { buildImages } from '../../scripts/images/build-images.ts';
import { identifyProcess } from '../cluster/base/process-identity.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { startCluster } from '../cluster/start-cluster.ts';
import { installCreel } from '../e2e/install-creel.ts';
import { openOutside } from '../outside/client/create-outside.ts';

export const benchNamespace = 'bench';
export const benchImage = 'creel.local/agent-tools:dev';

export interface BenchCluster {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  /** Resolves with the time (performance.now, ms) at which the watch showed an object that fits. */
  seen<T extends KubeObject>(
    resource: ResourceRef<T>,
    fits: (object: T) => boolean,
    timeoutMs: number,
  ): Promise<{ readonly atMs: number; readonly object: T }>;
  /** Resolves when the watch showed that it is gone. */
  gone(resource: ResourceRef, name: ObjectName, timeoutMs: number): Promise<void>;
  sandbox(name: string): Promise<void>;
  remove(resource: ResourceRef, name: string): Promise<void>;
  down(): Promise<void>;
}

export async function startBenchCluster(
  name: string,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<BenchCluster> {
  const owner = identifyProcess(process.pid);
  const cluster = await startCluster({
    name,
    nodes: 1,
    fsync: true,
    progress,
    signal,
    ...(owner === undefined ? {} : { owner }),
  });
  await cluster.importImages(await buildImages(['operator', 'sidecar', 'agent-tools'], { progress, signal }));
  const outside = await openOutside(cluster.name);
  await installCreel(cluster, { extraCa: outside?.caPem ?? '' });
  await makeNamespace(cluster);
  const ending = new AbortController();
  const transport = openTransport(await loadKubeconfig(cluster.kubeconfigPath));
  const client = createKubeClient({ transport, fieldManager: 'creel-bench', signal: ending.signal });
  const stores = await watchAll(transport, ending.signal);
  const storeOf = <T extends KubeObject>(resource: ResourceRef<T>) =>
    stores.get(resource.plural) as unknown as ObjectStore<T>;
  return {
    cluster,
    client,
    seen: (resource, fits, timeoutMs) => waitFor(storeOf(resource), fits, timeoutMs, resource.plural),
    async gone(resource, name, timeoutMs) {
      const store = storeOf(resource);
      const isGone = () => store.get(name) === undefined;
      if (isGone()) return;
      const watching = new AbortController();
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${name.name} is still there after ${timeoutMs} ms`)),
          timeoutMs,
        );
        store.subscribe(() => {
          if (!isGone()) return;
          clearTimeout(timer);
          resolve();
        }, watching.signal);
      });
      watching.abort();
    },
    async sandbox(sandbox) {
      const spec = { image: benchImage, workspace: { ephemeral: true } };
      const written = await client.create(resources.sandboxes, {
        apiVersion: 'creel.dev/v1alpha1',
        kind: 'Sandbox',
        metadata: { name: sandbox, namespace: benchNamespace },
        spec,
      } as never);
      if (!written.ok) throw new Error(`Sandbox ${sandbox}: ${written.refusal.message}`);
    },
    async remove(resource, object) {
      await client.delete(
        resource,
        { namespace: benchNamespace, name: object },
        { propagation: 'Background', gracePeriodSeconds: 0 },
      );
    },
    async down() {
      ending.abort();
      await cluster.down();
    },
  };
}

async function makeNamespace(cluster: Cluster): Promise<void> {
  const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: benchNamespace, labels } };
  await cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(namespace) });
}

async function watchAll(
  transport: Transport,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ObjectStore<KubeObject>>> {
  const stores = new Map<string, ObjectStore<KubeObject>>();
  for (const resource of [resources.sandboxes, resources.approvalRequests, resources.pods] as ResourceRef[]) {
    const store = new ObjectStore<KubeObject>();
    stores.set(resource.plural, store);
    void runWatch(
      {
        resource,
        scope: { namespace: benchNamespace },
        transport,
        clock: systemClock,
        random: Math.random,
        onChange: change => store.take(change),
        onTrouble: () => undefined,
      },
      signal,
    );
  }
  await Promise.all([...stores.values()].map(store => store.synced()));
  return stores;
}

function waitFor<T extends KubeObject>(
  store: ObjectStore<T>,
  fits: (object: T) => boolean,
  timeoutMs: number,
  what: string,
): Promise<{ atMs: number; object: T }> {
  const already = store.list().find(fits);
  if (already !== undefined) return Promise.resolve({ atMs: performance.now(), object: already });
  const watching = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      watching.abort();
      reject(
        new Error(`no fitting ${what} within ${timeoutMs} ms: ${JSON.stringify(store.list().at(-1))?.slice(0, 3000)}`),
      );
    }, timeoutMs);
    store.subscribe(change => {
      if (change.type === 'Deleted' || !fits(change.object)) return;
      const atMs = performance.now();
      clearTimeout(timer);
      watching.abort();
      resolve({ atMs, object: change.object });
    }, watching.signal);
  });
}

/** status.conditions[type] is True. */
export function isTrue(
  object: { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } },
  type: string,
): boolean {
  return object.status?.conditions?.some(condition => condition.type === type && condition.status === 'True') === true;
}
