// create → Ready of a Sandbox over the same bare pod: pairs, interleaved, the order changing each time.

import type { KubeObject } from '../../operator/kube/types.ts';
import { resources } from '../../operator/resources.ts';
import { type BenchCluster, benchImage, benchNamespace, isTrue, startBenchCluster } from './bench-cluster.ts';
import { atMost, type Figure, quantile } from './figure.ts';

const pairs = 20;
const warmUps = 2;
const timeoutMs = 60_000;
const goalMs = 300;

export async function benchStartup(
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<Readonly<Record<string, Figure>>> {
  const bench = await startBenchCluster('bench-startup', progress, signal);
  try {
    const bare: number[] = [];
    const sandbox: number[] = [];
    for (let round = 0; round < pairs + warmUps; round++) {
      const both = [() => timeBarePod(bench, `bare-${round}`), () => timeSandbox(bench, `box-${round}`)];
      if (round % 2 === 1) both.reverse();
      const [first = 0, second = 0] = [await both[0]?.(), await both[1]?.()];
      const [bareMs, sandboxMs] = round % 2 === 1 ? [second, first] : [first, second];
      progress(
        `pair ${round + 1} of ${pairs + warmUps}: bare ${Math.round(bareMs)} ms, sandbox ${Math.round(sandboxMs)} ms`,
      );
      if (round < warmUps) continue;
      bare.push(bareMs);
      sandbox.push(sandboxMs);
    }
    const over = sandbox.map((ms, index) => ms - (bare[index] ?? 0));
    const [ours, peer] = [quantile(sandbox, 0.5), quantile(bare, 0.5)];
    return {
      overBarePodP50Ms: {
        ...atMost(ours - peer, goalMs, 'ms', over),
        peer: Math.round(peer),
        ratio: Math.round((ours / peer) * 100) / 100,
      },
    };
  } finally {
    await bench.down();
  }
}

async function timeSandbox(bench: BenchCluster, name: string): Promise<number> {
  const startedMs = performance.now();
  await bench.sandbox(name);
  const { atMs } = await bench.seen(
    resources.sandboxes,
    object => object.metadata.name === name && isTrue(object, 'Ready'),
    timeoutMs,
  );
  await bench.remove(resources.sandboxes, name);
  await bench.gone(resources.pods, { namespace: benchNamespace, name: `csb-${name}` }, timeoutMs);
  return atMs - startedMs;
}

/** The agent's container alone: same image, same user, same volumes but for what Creel adds. */
async function timeBarePod(bench: BenchCluster, name: string): Promise<number> {
  const container = {
    name: 'agent',
    image: benchImage,
    command: ['sleep', 'infinity'],
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    volumeMounts: [
      { name: 'workspace', mountPath: '/sandbox' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: benchNamespace },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 1000,
        runAsNonRoot: true,
        fsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [container],
      volumes: [
        { name: 'workspace', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
      ],
    },
  };
  const startedMs = performance.now();
  const written = await bench.client.create(resources.pods, pod as never);
  if (!written.ok) throw new Error(`bare pod: ${written.refusal.message}`);
  const { atMs } = await bench.seen(
    resources.pods,
    object => object.metadata.name === name && isTrue(object as KubeObject & Parameters<typeof isTrue>[0], 'Ready'),
    timeoutMs,
  );
  await bench.remove(resources.pods, name);
  await bench.gone(resources.pods, { namespace: benchNamespace, name }, timeoutMs);
  return atMs - startedMs;
}
