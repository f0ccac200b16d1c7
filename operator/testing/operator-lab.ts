// The operator's own parts against the real API server, for tests of controllers and hub: real stores, registry, queues and
// TLS. There is no kubelet: tests play it where a pod has to get on.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Connection } from '../../kube/connection.ts';
import { KeyedQueue } from '../../kube/keyed-queue.ts';
import { createKubeClient } from '../../kube/kube-client.ts';
import { loadKubeconfig } from '../../kube/load-kubeconfig.ts';
import { ObjectStore } from '../../kube/object-store.ts';
import { runWatch } from '../../kube/run-watch.ts';
import { systemClock } from '../../kube/system-clock.ts';
import { renewServerKeys, type ServerKeys, trustBundle } from '../../kube/tls/renew-server-keys.ts';
import { type ApiResponse, openTransport, type Transport } from '../../kube/transport.ts';
import type {
  Clock,
  Indexes,
  KubeClient,
  KubeEvent,
  KubeObject,
  ListOptions,
  Reconciler,
  ResourceRef,
} from '../../kube/types.ts';
import { hubServerName } from '../../protocol/constants.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { approvalIndexes } from '../approval-indexes.ts';
import type { AuditRecord } from '../audit/audit-record.ts';
import { createApprovalController } from '../controllers/approval-request/approval-controller.ts';
import { ruleCredentialsReconciler } from '../controllers/rule-credentials/rule-credentials-reconciler.ts';
import { createSandboxController } from '../controllers/sandbox/sandbox-controller.ts';
import { type RunningHub, startHub } from '../hub/start-hub.ts';
import { recordedPod, sandboxOf } from '../recorded-pods.ts';
import { resources } from '../resources.ts';
import { CredentialCache } from '../snapshots/credential-cache.ts';
import { LiveSnapshots } from '../snapshots/live-snapshots.ts';
import { servicesIn } from '../snapshots/snapshot-sources.ts';

export const labSidecarImage = 'creel.example/sidecar:lab';
const root = join(import.meta.dirname, '../..');

export interface OperatorLab {
  /** The operator's, counting what it writes. */
  readonly client: KubeClient;
  readonly stores: LabStores;
  readonly registry: LiveSnapshots;
  readonly hub: RunningHub;
  readonly keys: ServerKeys;
  readonly credentials: CredentialCache;
  readonly events: readonly KubeEvent[];
  readonly audited: readonly AuditRecord[];
  /** `POST path`, `PATCH path` of every write since the lab began. */
  readonly writes: readonly string[];
  readonly failures: readonly string[];
  /** Resolves when nothing is queued or running. */
  settled(): Promise<void>;
  close(): Promise<void>;
  /** As kill -9 would end it: nothing is finished, nothing handed over. */
  crash(): void;
}

export type LabStores = Awaited<ReturnType<typeof openStores>>;

/** CRDs, once for the file. */
export async function installCrds(): Promise<void> {
  await currentCluster().kubectl(['apply', '--server-side', `--filename=${join(root, 'crds')}`]);
  await currentCluster().kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
}

export interface LabFaults {
  /** Of the lease: a lab that comes after another has a higher one. Default 1. */
  readonly epoch?: number;
  /** Stands between operator and API server: whether and when a write goes out, and whether its answer comes back. */
  readonly aroundWrite?: (write: string, send: () => Promise<ApiResponse>) => Promise<ApiResponse>;
}

/** As the administrator, or as somebody with fewer rights whom admission policies know. */
export async function openOperatorLab(
  namespace: string,
  clock: Clock = systemClock,
  impersonate?: Connection['impersonate'],
  faults: LabFaults = {},
): Promise<OperatorLab> {
  const end = new AbortController();
  const { signal } = end;
  const writes: string[] = [];
  const events: KubeEvent[] = [];
  const failures: string[] = [];
  const connection = await loadKubeconfig(currentCluster().kubeconfigPath);
  const transport = openTransport({ ...connection, ...(impersonate === undefined ? {} : { impersonate }) });
  const counting = countWrites(transport, writes, faults.aroundWrite);
  const client = createKubeClient({ transport: counting, fieldManager: 'creel-operator', signal });
  const stores = await openStores(namespace, transport, clock, signal);
  const keys = renewServerKeys(undefined, hubServerName, Date.now());
  const credentials = new CredentialCache();
  const registry = new LiveSnapshots(
    {
      sources: {
        ...stores,
        approvalRequests: stores.requests,
        credentials,
        neverAddresses: () => ['10.96.0.1/32'],
        onNeverAddresses: () => undefined,
      },
      epoch: faults.epoch ?? 1,
      resolvers: () => ['10.96.0.10:53'],
      hashKey: randomBytes(32),
      maxPolicyAgeMs: 86_400_000,
      nowMs: () => clock.nowMs(),
    },
    signal,
  );
  const recorder = { record: (_object: KubeObject, event: KubeEvent) => void events.push(event) };
  const onFailure = (message: string) => void failures.push(message);
  const hub = await startHub(
    {
      client,
      requests: stores.requests,
      registry,
      events: recorder,
      clock,
      recordedPod: podUid => recordedPod(stores, podUid),
      keys,
      listen: { host: '127.0.0.1', port: 0, forbiddenPort: 0 },
      onRefused: reason => void failures.push(reason),
      onFailure,
    },
    signal,
  );
  stores.pods.subscribe(({ type, object }) => {
    const owner = sandboxOf(object, stores.sandboxes);
    const pod = type === 'Deleted' ? undefined : recordedPod(stores, object.metadata.uid ?? '');
    if (owner && (pod !== undefined || type === 'Deleted')) hub.hub.recheck(owner.metadata.uid, pod);
  }, signal);
  const sandbox = createSandboxController({
    client,
    stores,
    registry,
    hub: hub.hub,
    events: recorder,
    clock,
    settings: () => ({
      sidecarImage: labSidecarImage,
      hubAddress: `127.0.0.1:${hub.port}`,
      hubTrust: trustBundle(keys),
    }),
    hubService: { namespace: 'creel-system', name: 'creel-hub' },
    resolverService: { namespace: 'kube-system', name: 'kube-dns' },
    resolverAddresses: [],
  });
  const audited: AuditRecord[] = [];
  const audit = { record: (record: AuditRecord) => void audited.push(record) };
  const approval = createApprovalController({ client, ...stores, registry, hub: hub.hub, clock, audit });
  const ruleCredentials = ruleCredentialsReconciler({
    client,
    clock,
    registry,
    credentials,
    policies: stores.egressPolicies,
    services: servicesIn(stores),
    operatorNamespace: 'creel-system',
  });
  const queues = [sandbox, approval, ruleCredentials].map(controller => {
    const queue = openQueue(controller, clock, signal, onFailure);
    controller.watch(queue, signal);
    return queue;
  });
  for (const { metadata } of stores.sandboxes.list()) queues[0]?.add(`${metadata.namespace}/${metadata.name}`);
  for (const { metadata } of stores.requests.list()) queues[1]?.add(`${metadata.namespace}/${metadata.name}`);
  return {
    client,
    stores,
    registry,
    hub,
    keys,
    credentials,
    events,
    audited,
    writes,
    failures,
    settled: async () => {
      for (const queue of queues) await queue.idle();
    },
    close: async () => {
      end.abort();
      await Promise.all(queues.map(queue => queue.idle()));
      await transport.close();
    },
    crash: () => {
      end.abort();
      void transport.close().catch(() => undefined);
    },
  };
}

function openQueue(
  reconciler: Reconciler,
  clock: Clock,
  signal: AbortSignal,
  onFailure: (message: string) => void,
): KeyedQueue {
  return new KeyedQueue({
    reconciler,
    workers: 4,
    clock,
    random: Math.random,
    signal,
    onFailure: (key, error) =>
      onFailure(`${reconciler.name} ${key}: ${error instanceof Error ? error.stack : String(error)}`),
  });
}

async function openStores(namespace: string, transport: Transport, clock: Clock, signal: AbortSignal) {
  const opened: Promise<void>[] = [];
  const open = <T extends KubeObject>(resource: ResourceRef<T>, scope: ListOptions = {}, indexes: Indexes<T> = {}) => {
    const store = new ObjectStore<T>(indexes);
    void runWatch(
      {
        resource,
        scope,
        transport,
        clock: systemClock,
        random: Math.random,
        onChange: change => store.take(change),
        onTrouble: () => undefined,
      },
      signal,
    );
    opened.push(store.synced());
    return store;
  };
  const own = { namespace };
  const stores = {
    sandboxes: open(resources.sandboxes, own),
    requests: open(resources.approvalRequests, own, approvalIndexes),
    namespaces: open(resources.namespaces),
    pods: open(resources.pods, own),
    serviceAccounts: open(resources.serviceAccounts, own),
    persistentVolumeClaims: open(resources.persistentVolumeClaims, own),
    networkPolicies: open(resources.networkPolicies, own),
    services: open(resources.services),
    endpointSlices: open(resources.endpointSlices),
    egressPolicies: open(resources.egressPolicies, own),
    clusterEgressPolicies: open(resources.clusterEgressPolicies),
    inferenceProfiles: open(resources.inferenceProfiles, own),
  };
  await Promise.all(opened);
  void clock;
  return stores;
}

function countWrites(
  transport: Transport,
  writes: string[],
  around: LabFaults['aroundWrite'] = (_write, send) => send(),
): Transport {
  return {
    ...transport,
    send: request => {
      const isWrite = request.method !== 'GET' && !request.path.includes('tokenreviews');
      if (!isWrite) return transport.send(request);
      const write = `${request.method} ${request.path}`;
      writes.push(write);
      return around(write, () => transport.send(request));
    },
  };
}
