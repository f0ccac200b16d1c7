// What the webhook costs writes of policies: the share of its calls that the API server saw answered within 5 ms, at 200 calls a
// second, by the API server's own histogram. Each write asks twice (docs/decisions/0010), so these are 100 writes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { loadKubeconfig } from '../../kube/load-kubeconfig.ts';
import { openTransport, type Transport } from '../../kube/transport.ts';
import type { BenchContext } from './bench.ts';
import { benchImage, benchNamespace, onBenchCluster } from './bench-cluster.ts';
import { atLeast, type Figure, quantile, round } from './figure.ts';

const callsPerSecond = 200;
const callsPerWrite = 2;
const writesPerSecond = callsPerSecond / callsPerWrite;
const usualWrites = 6_000;
const usualWarmUps = 1_000;
const goalPercent = 99;
/** The API server's bucket, in seconds. */
const withinBucket = '0.005';
const metric = 'apiserver_admission_webhook_admission_duration_seconds';
const requestTimeoutMs = 30_000;
const maxUnderWay = 64;
/** Of the wanted rate: with less the share is one of another load. */
const rateGoal = 0.95;

export async function benchAdmission({ count, ...context }: BenchContext): Promise<Readonly<Record<string, Figure>>> {
  const { progress, signal } = context;
  const writes = count(usualWrites);
  const warmUps = count(usualWarmUps);
  return onBenchCluster(context, async ({ cluster }) => {
    const transport = openTransport(await loadKubeconfig(cluster.kubeconfigPath));
    try {
      progress(`${warmUps} writes to warm up`);
      await send(transport, warmUps, signal);
      const before = await readHistogram(transport, signal);
      progress(`${writes} writes, ${writesPerSecond} a second: policies, profiles and Sandboxes, as dry runs`);
      const { tookMs, perSecond } = await send(transport, writes, signal);
      const after = await readHistogram(transport, signal);
      const calls = after.calls - before.calls;
      const within = after.within - before.within;
      progress(`${calls} calls for ${writes} writes; a write took ${describe(tookMs)}`);
      if (calls < writes) throw new Error(`the API server asked only ${calls} times for ${writes} writes`);
      return {
        callsWithin5MsPercent: atLeast((within / calls) * 100, goalPercent, '%', `${within} of ${calls} calls`),
        callsPerSecond: atLeast(perSecond * callsPerWrite, callsPerSecond * rateGoal, '/s', `${writes} writes`),
      };
    } finally {
      await transport.close();
    }
  });
}

function describe(tookMs: readonly number[]): string {
  const at = (q: number) => round(quantile(tookMs, q));
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`;
}

interface Sent {
  readonly tookMs: readonly number[];
  readonly perSecond: number;
}

/** One write every few milliseconds, whatever became of those before, but no more at once than an API server would bear. */
async function send(transport: Transport, writes: number, signal: AbortSignal): Promise<Sent> {
  const objects = sampleObjects();
  const startedMs = performance.now();
  const underWay = new Set<Promise<void>>();
  const tookMs: number[] = [];
  for (let at = 0; at < writes; at++) {
    const dueMs = startedMs + (at * 1000) / writesPerSecond;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await sleep(aheadMs, undefined, { signal });
    if (underWay.size >= maxUnderWay) await Promise.race(underWay);
    const { plural, object } = objects[at % objects.length] ?? objects[0];
    const one: Promise<void> = write(transport, plural, object, signal).then(ms => {
      tookMs.push(ms);
      underWay.delete(one);
    });
    underWay.add(one);
  }
  await Promise.all(underWay);
  return { tookMs, perSecond: (writes * 1000) / (performance.now() - startedMs) };
}

async function write(transport: Transport, plural: string, body: object, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const { status, body: answer } = await transport.send({
    method: 'POST',
    path: `/apis/creel.dev/v1alpha1/namespaces/${benchNamespace}/${plural}`,
    query: { dryRun: 'All' },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
  });
  const text = await answer.text();
  if (status !== 201) throw new Error(`a write was answered by ${status}: ${text.slice(0, 300)}`);
  return performance.now() - startedMs;
}

interface Sample {
  readonly plural: string;
  readonly object: object;
}

function read(file: string): object {
  return parse(readFileSync(join(import.meta.dirname, '../../policies', file), 'utf8'), { version: '1.1' }) as object;
}

/** What people write: the preset that every sandbox begins with, the default profile, a Sandbox. */
function sampleObjects(): readonly [Sample, ...Sample[]] {
  const policy = { plural: 'egresspolicies', object: read('presets/baseline/baseline.yaml') };
  const sandbox = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 'written' },
    spec: { image: benchImage, workspace: { ephemeral: true } },
  };
  return [
    policy,
    { plural: 'inferenceprofiles', object: read('profiles/nvidia-cloud.yaml') },
    policy,
    { plural: 'sandboxes', object: sandbox },
  ];
}

interface Histogram {
  readonly calls: number;
  readonly within: number;
}

/** Of both webhooks of specs, together. */
async function readHistogram(transport: Transport, signal: AbortSignal): Promise<Histogram> {
  const { status, body } = await transport.send({ method: 'GET', path: '/metrics', signal });
  const lines = (await body.text()).split('\n').filter(line => /name="(authors|specs)\.creel\.dev"/.test(line));
  if (status !== 200 || lines.length === 0) throw new Error(`the API server shows no ${metric} (status ${status})`);
  const sum = (suffix: string, label: string) =>
    lines
      .filter(line => line.startsWith(`${metric}_${suffix}{`) && line.includes(label))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  return { calls: sum('count', ''), within: sum('bucket', `le="${withinBucket}"`) };
}
