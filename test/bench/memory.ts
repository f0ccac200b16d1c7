// Proportional set size of 30 idle sidecars (guard and proxy) on one node, after each has its policy; and the operator's own.
import { readdirSync, readFileSync } from 'node:fs';
import { resources } from '../../operator/resources.ts';
import { isTrue, startBenchCluster } from './bench-cluster.ts';
import { atMost, type Figure, quantile } from './figure.ts';

const sandboxes = 30;
const timeoutMs = 240_000;
/** Garbage of the start is collected by then. */
const settleMs = 30_000;
const goals = { sidecarPssMb: 22, operatorPrivateMb: 45 };

export async function benchMemory(
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<Readonly<Record<string, Figure>>> {
  const bench = await startBenchCluster('bench-memory', progress, signal);
  try {
    for (let index = 0; index < sandboxes; index++) {
      await bench.sandbox(`idle-${index}`);
      await bench.seen(
        resources.sandboxes,
        ({ metadata, ...rest }) => metadata.name === `idle-${index}` && isTrue(rest, 'Ready'),
        timeoutMs,
      );
      progress(`${index + 1} of ${sandboxes} sandboxes are ready`);
    }
    await new Promise(resolve => setTimeout(resolve, settleMs));
    const pods = await podUids(bench.cluster.kubectl);
    const each = pods.map(uid => sum(processesOf(uid, isSidecar).map(pid => rollup(pid, ['Pss']))));
    const operator = processesOf('', command => command.includes('operator.mjs')).map(pid =>
      rollup(pid, ['Private_Clean', 'Private_Dirty']),
    );
    return {
      sidecarPssMb: atMost(quantile(each, 0.5), goals.sidecarPssMb, 'MB', each),
      operatorPrivateMb: atMost(Math.max(...operator), goals.operatorPrivateMb, 'MB', operator),
    };
  } finally {
    await bench.down();
  }
}

async function podUids(kubectl: (args: readonly string[]) => Promise<string>): Promise<string[]> {
  const uids = await kubectl(['--namespace', 'bench', 'get', 'pods', '--output=jsonpath={.items[*].metadata.uid}']);
  return uids.split(' ').filter(Boolean);
}

function isSidecar(command: string): boolean {
  return (
    command.startsWith('/usr/local/bin/launcher\0guard\0') ||
    command.startsWith('/usr/local/bin/node\0/opt/creel/sidecar.mjs')
  );
}

/** Processes in the cgroup of that pod whose command line fits. */
function processesOf(podUid: string, fits: (command: string) => boolean): string[] {
  return readdirSync('/proc').filter(pid => {
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
}

/** MB of the named fields of smaps_rollup. */
function rollup(pid: string, fields: readonly string[]): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return sum(fields.map(field => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]))) / 1024;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
