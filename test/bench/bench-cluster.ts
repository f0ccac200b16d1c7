// A cluster of its own for a bench: etcd with fsync, Creel installed, one namespace for sandboxes, watches that tell at once.
import { randomBytes } from 'node:crypto';
import { createKubeClient } from '../../kube/kube-client.ts';
import { loadKubeconfig } from '../../kube/load-kubeconfig.ts';
import { ObjectStore } from '../../kube/object-store.ts';
import { runWatch } from '../../kube/run-watch.ts';
import { systemClock } from '../../kube/system-clock.ts';
import { openTransport, type Transport } from '../../kube/transport.ts';
import type { KubeClient, KubeObject, ResourceRef } from '../../kube/types.ts';
import { resources } from '../../operator/resources.ts';
import { buildImages } from '../../scripts/images/build-images.ts';
import { identifyProcess } from '../cluster/base/process-identity.ts';
import { withFileLock } from '../cluster/base/with-file-lock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { layoutOf } from '../cluster/embedded/layout.ts';
import { sweepOrphans } from '../cluster/embedded/sweep-orphans.ts';
import { tearDown } from '../cluster/embedded/tear-down.ts';
import { startEmbeddedWithOutside } from '../cluster/start-embedded-with-outside.ts';
import { installCreel } from '../e2e/install-creel.ts';
import { openOutside } from '../outside/client/create-outside.ts';
import { removeOutside } from '../outside/client/remove-outside.ts';
import type { BenchContext } from './bench.ts';
import { untilWatched } from './watched.ts';

export const benchNamespace = 'bench';
export const benchImage = 'creel.local/agent-tools:dev';

export interface BenchCluster {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  /** Resolves with when the watch showed an object that fits (performance.now, ms). */
  seen<T extends KubeObject>(
    resource: ResourceRef<T>,
    fits: (object: T) => boolean,
    timeoutMs: number,
  ): Promise<{ readonly atMs: number; readonly object: T }>;
  /** Resolves when the watch showed that it is gone. */
  gone(resource: ResourceRef, name: string, timeoutMs: number): Promise<void>;
  /** Writes an object into the bench's namespace. */
  create<T extends KubeObject>(resource: ResourceRef<T>, name: string, spec: object): Promise<void>;
  /** Deletes it without a grace period. */
  remove(resource: ResourceRef, name: string): Promise<void>;
}

type Context = Pick<BenchContext, 'progress' | 'signal'>;

/** Runs the measurement on a new cluster, which is gone afterwards, whatever happened. */
export async function onBenchCluster<T>(context: Context, measure: (bench: BenchCluster) => Promise<T>): Promise<T> {
  const { progress, signal } = context;
  const name = `bench-${randomBytes(3).toString('hex')}`;
  await sweepOrphans(progress, signal);
  const watching = new AbortController();
  try {
    const cluster = await start(name, context);
    return await measure(await open(cluster, AbortSignal.any([signal, watching.signal]), signal));
  } finally {
    watching.abort();
    progress(`taking ${name} down`);
    await takeDown(name);
  }
}

async function start(name: string, { progress, signal }: Context): Promise<Cluster> {
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new Error('this process has no entry in /proc');
  progress(`a cluster named ${name}: one node, etcd with fsync`);
  const cluster = await startEmbeddedWithOutside({ name, nodes: 1, fsync: true, owner, progress, signal });
  progress('images');
  await cluster.importImages(await buildImages(['operator', 'sidecar', 'agent-tools'], { progress, signal }));
  signal.throwIfAborted();
  progress('Creel, as its chart installs it');
  const outside = await openOutside(cluster.name);
  await installCreel(cluster, { extraCa: outside?.caPem ?? '' });
  signal.throwIfAborted();
  const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: benchNamespace, labels } };
  await cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(namespace) });
  return cluster;
}

/** Also what an interruption left half started, and by signals that nothing has aborted. */
async function takeDown(name: string): Promise<void> {
  const layout = layoutOf(name);
  await withFileLock(layout.lock, new AbortController().signal, () => tearDown(layout));
  await removeOutside(name);
}

async function open(cluster: Cluster, watching: AbortSignal, signal: AbortSignal): Promise<BenchCluster> {
  const transport = openTransport(await loadKubeconfig(cluster.kubeconfigPath));
  const client = createKubeClient({ transport, fieldManager: 'creel-bench', signal: watching });
  const stores = await watchAll(transport, watching);
  const storeOf = <T extends KubeObject>({ plural }: ResourceRef<T>): ObjectStore<T> => {
    const store = stores.get(plural);
    if (store === undefined) throw new Error(`${plural} are not watched`);
    return store as unknown as ObjectStore<T>;
  };
  return {
    cluster,
    client,
    async seen(resource, fits, timeoutMs) {
      const store = storeOf(resource);
      const what = `a fitting ${resource.kind}`;
      const { atMs, found } = await untilWatched(store, () => store.list().find(fits), { what, timeoutMs, signal });
      return { atMs, object: found };
    },
    async gone(resource, name, timeoutMs) {
      const store = storeOf(resource);
      const look = () => (store.get({ namespace: benchNamespace, name }) === undefined ? true : undefined);
      await untilWatched(store, look, { what: `the end of ${resource.kind} ${name}`, timeoutMs, signal });
    },
    async create(resource, name, spec) {
      const object: KubeObject & { spec: object } = { metadata: { name, namespace: benchNamespace }, spec };
      const written = await client.create<KubeObject>(resource, object);
      if (!written.ok) throw new Error(`${resource.kind} ${name}: ${written.refusal.message}`);
    },
    async remove(resource, name) {
      await client.delete(resource, { namespace: benchNamespace, name }, { gracePeriodSeconds: 0 });
    },
  };
}

async function watchAll(
  transport: Transport,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ObjectStore<KubeObject>>> {
  const stores = new Map<string, ObjectStore<KubeObject>>();
  for (const resource of [resources.sandboxes, resources.approvalRequests, resources.pods] as ResourceRef[]) {
    const store = new ObjectStore<KubeObject>();
    stores.set(resource.plural, store);
    const onChange = store.take.bind(store);
    const options = { resource, scope: { namespace: benchNamespace }, transport, clock: systemClock };
    void runWatch({ ...options, random: Math.random, onChange, onTrouble: () => undefined }, signal);
  }
  await Promise.all([...stores.values()].map(store => store.synced()));
  return stores;
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** status.conditions[type] is True. */
export function isTrue({ status }: Conditioned, type: string): boolean {
  return status?.conditions?.some(condition => condition.type === type && condition.status === 'True') === true;
}
