// Proportional set size of 30 idle sidecars (guard and proxy) on one node, after each has its policy; and the private memory of
// the operator that serves them, twice: what only its end gives back (anonymous pages), and what the kernel calls private, with
// the pages of node's program file, which are private only while nobody else on the node runs the same file and can be taken back.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../../operator/resources.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { creelNamespace } from '../e2e/install-creel.ts';
import type { BenchContext } from './bench.ts';
import { benchImage, benchNamespace, isTrue, onBenchCluster } from './bench-cluster.ts';
import { atMost, type Figure, quantile } from './figure.ts';

const usualSandboxes = 30;
const timeoutMs = 240_000;
/** Garbage of the start is collected by then, and every session has been idle for a while. */
const settleMs = 30_000;
const sidecarGoalMb = 22;
const operatorGoalMb = 45;

export async function benchMemory({ count, ...context }: BenchContext): Promise<Readonly<Record<string, Figure>>> {
  const { progress, signal } = context;
  const sandboxes = count(usualSandboxes);
  return onBenchCluster(context, async bench => {
    for (let index = 0; index < sandboxes; index++) {
      const name = `idle-${index}`;
      const spec = {
        image: benchImage,
        workspace: { ephemeral: true },
        resources: { requests: { cpu: '1m', memory: '8Mi' } },
      };
      await bench.create(resources.sandboxes, name, spec);
      await bench.seen(resources.sandboxes, object => object.metadata.name === name && isReady(object), timeoutMs);
      if (index % 5 === 4) progress(`${index + 1} of ${sandboxes} sandboxes are ready`);
    }
    progress(`waiting ${settleMs / 1000} s for them to be idle`);
    await sleep(settleMs, undefined, { signal });
    const pods = await podUids(bench.cluster, benchNamespace);
    const guards = pods.map(uid => sizeOf(uid, isGuard, ['Pss']));
    const proxies = pods.map(uid => sizeOf(uid, isProxy, ['Pss']));
    progress(`medians: guard ${quantile(guards, 0.5).toFixed(2)} MB, proxy ${quantile(proxies, 0.5).toFixed(2)} MB`);
    const sidecars = guards.map((guard, index) => guard + (proxies[index] ?? Number.NaN));
    const operators = await podUids(bench.cluster, creelNamespace);
    const own = operators.map(uid => sizeOf(uid, isOperator, ['Anonymous']));
    const withFile = operators.map(uid => sizeOf(uid, isOperator, ['Private_Clean', 'Private_Dirty']));
    return {
      sidecarPssMb: atMost(quantile(sidecars, 0.5), sidecarGoalMb, 'MB', sidecars),
      operatorPrivateMb: atMost(quantile(own, 1), operatorGoalMb, 'MB', own),
      operatorPrivateWithProgramFileMb: atMost(quantile(withFile, 1), operatorGoalMb, 'MB', withFile),
    };
  });
}

async function podUids(cluster: Cluster, namespace: string): Promise<string[]> {
  const output = '--output=jsonpath={.items[*].metadata.uid}';
  const uids = await cluster.kubectl([
    '--namespace',
    namespace,
    'get',
    'pods',
    '--field-selector=status.phase=Running',
    output,
  ]);
  return uids.split(' ').filter(Boolean);
}

type Conditioned = Parameters<typeof isTrue>[0];
const isReady = (object: Conditioned) => isTrue(object, 'Ready') && isTrue(object, 'PolicyEnforced');

const isGuard = (command: string) => command.startsWith('/usr/local/bin/launcher\0guard\0');
const isProxy = (command: string) => /^\/usr\/local\/bin\/node\0.*\/opt\/creel\/sidecar\.mjs\0/.test(command);
const isOperator = (command: string) => /^\/usr\/local\/bin\/node\0.*\/opt\/creel\/operator\.mjs\0/.test(command);

/** MB of the one process in that pod's cgroup whose command line fits; NaN, which meets no goal, when it is not just one. */
function sizeOf(podUid: string, fits: (command: string) => boolean, fields: readonly string[]): number {
  const found = readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return (
        fits(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) &&
        readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(podUid)
      );
    } catch {
      // It ended while we looked.
      return false;
    }
  });
  const [pid] = found;
  return pid === undefined || found.length > 1 ? Number.NaN : rollup(pid, fields);
}

/** MB of the named fields of smaps_rollup. */
function rollup(pid: string, fields: readonly string[]): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = fields.map(field => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]));
  return kilobytes.reduce((total, value) => total + value, 0) / 1024;
}
