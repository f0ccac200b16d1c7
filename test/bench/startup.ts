// create → Ready of a Sandbox over the same bare pod: pairs, interleaved, the order changing each time.
import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../../operator/resources.ts';
import type { BenchContext } from './bench.ts';
import { type BenchCluster, benchImage, isTrue, onBenchCluster } from './bench-cluster.ts';
import { atMost, type Figure, quantile, round as rounded } from './figure.ts';

const usualPairs = 30;
const warmUps = 2;
const timeoutMs = 60_000;
const goalMs = 300;
/**
 * The kubelet looks at its containers once a second (genericPlegRelistPeriod), and a pod that is gone was seen to be gone by
 * such a look: begun at once, each start would meet the same phase of that second, and the figure would be a whole number of
 * seconds. People meet any phase; the golden ratio spreads few starts evenly over it.
 */
const relistMs = 1000;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

export async function benchStartup({ count, ...context }: BenchContext): Promise<Readonly<Record<string, Figure>>> {
  const pairs = count(usualPairs);
  const bare: number[] = [];
  const sandbox: number[] = [];
  await onBenchCluster(context, async bench => {
    for (let round = 0; round < pairs + warmUps; round++) {
      const phaseMs = ((round * goldenRatio) % 1) * relistMs;
      const timeBare = () => timed(bench, phaseMs, () => startBarePod(bench, `bare-${round}`), context.signal);
      const timeSandbox = () => timed(bench, phaseMs, () => startSandbox(bench, `box-${round}`), context.signal);
      let bareMs: number;
      let sandboxMs: number;
      if (round % 2 === 0) [bareMs, sandboxMs] = [await timeBare(), await timeSandbox()];
      else [sandboxMs, bareMs] = [await timeSandbox(), await timeBare()];
      const pair = round < warmUps ? `warm-up ${round + 1}` : `pair ${round - warmUps + 1} of ${pairs}`;
      context.progress(`${pair}: bare ${Math.round(bareMs)} ms, sandbox ${Math.round(sandboxMs)} ms`);
      if (round < warmUps) continue;
      bare.push(bareMs);
      sandbox.push(sandboxMs);
    }
  });
  const over = sandbox.map((ms, index) => ms - (bare[index] ?? 0));
  const [ours, peer] = [quantile(sandbox, 0.5), quantile(bare, 0.5)];
  const figure = atMost(ours - peer, goalMs, 'ms', over);
  return { overBarePodP50Ms: { ...figure, peer: Math.round(peer), ratio: rounded(ours / peer) } };
}

/** Makes one, waits until it is ready; what was made is gone when this resolves. */
interface Started {
  readonly readyAtMs: number;
  readonly end: () => Promise<void>;
}

async function timed(
  bench: BenchCluster,
  phaseMs: number,
  start: () => Promise<Started>,
  signal: AbortSignal,
): Promise<number> {
  await sleep(phaseMs, undefined, { signal });
  const startedMs = performance.now();
  const { readyAtMs, end } = await start();
  await end();
  return readyAtMs - startedMs;
}

async function startSandbox(bench: BenchCluster, name: string): Promise<Started> {
  await bench.create(resources.sandboxes, name, { image: benchImage, workspace: { ephemeral: true } });
  const { atMs: readyAtMs } = await bench.seen(
    resources.sandboxes,
    object => object.metadata.name === name && isTrue(object, 'Ready'),
    timeoutMs,
  );
  return {
    readyAtMs,
    async end() {
      await bench.remove(resources.sandboxes, name);
      await bench.gone(resources.pods, `csb-${name}`, timeoutMs);
    },
  };
}

async function startBarePod(bench: BenchCluster, name: string): Promise<Started> {
  await bench.create(resources.pods, name, barePodSpec);
  const { atMs: readyAtMs } = await bench.seen(
    resources.pods,
    object => object.metadata.name === name && isTrue(object, 'Ready'),
    timeoutMs,
  );
  return {
    readyAtMs,
    async end() {
      await bench.remove(resources.pods, name);
      await bench.gone(resources.pods, name, timeoutMs);
    },
  };
}

/** The agent's container alone: same image, same user, same volumes but for what Creel adds. */
const barePodSpec = {
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
  containers: [
    {
      name: 'agent',
      image: benchImage,
      command: ['sleep', 'infinity'],
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [
        { name: 'workspace', mountPath: '/sandbox' },
        { name: 'tmp', mountPath: '/tmp' },
      ],
    },
  ],
  volumes: [
    { name: 'workspace', emptyDir: {} },
    { name: 'tmp', emptyDir: {} },
  ],
};
