// A hundred sidecar sessions over TLS with real tokens, to an operator of its own on a control plane whose etcd waits for the disk.
// What each sandbox would do beside talking to the hub is left out: this is about operator and API server.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createKubeClient } from '../../../kube/kube-client.ts';
import { loadKubeconfig } from '../../../kube/load-kubeconfig.ts';
import { openTransport } from '../../../kube/transport.ts';
import type { KubeClient } from '../../../kube/types.ts';
import { connectToHub, type HubClient } from '../../../operator/testing/hub-client.ts';
import { createHubPod, type HubPod, hubTrust } from '../../../operator/testing/hub-pod.ts';
import { type OperatorProcess, runOperator } from '../../../operator/testing/operator-process.ts';
import { identifyProcess } from '../../cluster/base/process-identity.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { sweepOrphans } from '../../cluster/embedded/sweep-orphans.ts';
import { startEmbeddedWithOutside } from '../../cluster/start-embedded-with-outside.ts';
import type { BenchContext } from '../bench.ts';

export interface SidecarSession {
  readonly pod: HubPod;
  readonly client: HubClient;
}

export interface SessionsBench {
  readonly client: KubeClient;
  readonly sessions: readonly SidecarSession[];
}

/** Each namespace has its own cap of pending requests. */
const sandboxesPerNamespace = 10;
const systemNamespace = 'creel-system';
const root = join(import.meta.dirname, '../../..');

type Context = Pick<BenchContext, 'progress' | 'signal'>;

export async function onHubSessions<T>(
  context: Context,
  count: number,
  measure: (bench: SessionsBench) => Promise<T>,
): Promise<T> {
  const { progress, signal } = context;
  const name = `bench-${randomBytes(3).toString('hex')}`;
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new Error('this process has no entry in /proc');
  await sweepOrphans(progress, signal);
  progress(`a control plane named ${name}: etcd with fsync`);
  const cluster = await startEmbeddedWithOutside({ name, nodes: 0, fsync: true, owner, progress, signal });
  const ending = new AbortController();
  let operator: OperatorProcess | undefined;
  let sessions: readonly SidecarSession[] = [];
  try {
    await install(cluster);
    const transport = openTransport(await loadKubeconfig(cluster.kubeconfigPath));
    const client = createKubeClient({ transport, fieldManager: 'creel-bench', signal: ending.signal });
    operator = await runOperator(cluster.kubeconfigPath, systemNamespace);
    progress(`${count} sandboxes, each with a session`);
    sessions = await openSessions(cluster, client, operator.hubPort, count, signal);
    return await measure({ client, sessions });
  } finally {
    for (const session of sessions) session.client.end();
    await operator?.stop('SIGTERM');
    ending.abort();
    progress(`taking ${name} down`);
    await cluster.down();
  }
}

/** CRDs and the hub's Service; nobody's rights are in question here. */
async function install(cluster: Cluster): Promise<void> {
  await cluster.kubectl(['apply', '--server-side', `--filename=${join(root, 'crds')}`]);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await cluster.kubectl(['create', 'namespace', systemNamespace]);
  const where = `--namespace=${systemNamespace}`;
  const chart = join(root, 'charts/creel');
  const service = await cluster.helm([
    'template',
    'creel',
    chart,
    where,
    '--validate',
    '--show-only=templates/hub-service.yaml',
  ]);
  await cluster.kubectl(['apply', where, '--filename=-'], { stdin: service });
}

async function openSessions(
  cluster: Cluster,
  client: KubeClient,
  hubPort: number,
  count: number,
  signal: AbortSignal,
): Promise<readonly SidecarSession[]> {
  const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
  const namespaces = Array.from({ length: Math.ceil(count / sandboxesPerNamespace) }, (_, at) => `bench-${at}`);
  const items = namespaces.map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
  await cluster.kubectl(['create', '--filename=-'], {
    stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
  const trust = await hubTrust(client, systemNamespace);
  const sessions: SidecarSession[] = [];
  for (let index = 0; index < count; index++) {
    signal.throwIfAborted();
    const namespace = `bench-${Math.floor(index / sandboxesPerNamespace)}`;
    const pod = await createHubPod(client, { namespace, name: `box-${index}` });
    // One address may have only so many connections.
    const hub = await connectToHub(hubPort, trust, await pod.mintToken(), `127.0.0.${2 + (index % 250)}`);
    if (hub.status !== 200) throw new Error(`session of ${namespace}/box-${index}: HTTP ${hub.status}`);
    hub.say({ type: 'hello', protocol: 1, sidecar: 'bench', countedBy: randomBytes(16).toString('hex') });
    hub.ackAll();
    sessions.push({ pod, client: hub });
  }
  return sessions;
}
