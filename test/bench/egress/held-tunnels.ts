import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import type { BenchContext } from '../bench.ts';
import type { Lab } from './lab.ts';
import { oneRound } from './rounds.ts';

/** Below what a sandbox may have (docs/limits.md). */
const tunnels = 5000;
const usualRounds = 7;
const settleMs = 3000;

export interface HeldTunnels {
  /** Connections a second with and without them, in turns. */
  readonly held: readonly number[];
  readonly empty: readonly number[];
  /** Memory of the sidecar's node that one costs. */
  readonly bytesEach: readonly number[];
}

/** How fast connections are made beside many that are held, and what one held costs a sidecar that has just started. */
export async function holdTunnels(
  lab: Lab,
  { progress, signal, count }: Pick<BenchContext, 'progress' | 'signal' | 'count'>,
): Promise<HeldTunnels> {
  const creel = await lab.addCreel();
  const { pod, flags, sidecar } = creel;
  const result = { held: [] as number[], empty: [] as number[], bytesEach: [] as number[] };
  for (let round = -1; round < count(usualRounds); round++) {
    signal.throwIfAborted();
    const rate = await oneRound(creel, 'connect');
    // The first one warms caches and compilers.
    if (round >= 0) result.empty.push(rate);
    await sleep(settleMs, undefined, { signal });
    const before = residentBytes(sidecar.proxyPid);
    const holder = pod.start([join(pod.folder, 'load'), 'hold', ...flags, '--workers', String(tunnels)], {
      interactive: true,
      timeoutMs: 600_000,
    });
    try {
      await holder.waitForOutput(/held \d+/, 300_000);
      await sleep(settleMs, undefined, { signal });
      // Later rounds begin with memory that earlier ones have left behind: the first says what a tunnel costs.
      if (round === -1) result.bytesEach.push((residentBytes(sidecar.proxyPid) - before) / tunnels);
      else result.held.push(await oneRound(creel, 'connect'));
    } finally {
      await holder.stop('SIGKILL');
    }
    // The end of thousands is work, too, and none of the next round's.
    await waitUntil(() => (descriptors(sidecar.proxyPid) < tunnels / 10 ? true : undefined), {
      what: 'the sidecar to let the tunnels go',
      timeoutMs: 120_000,
    });
    progress(
      `${tunnels} tunnels: ${Math.round(result.bytesEach[0] ?? 0)} bytes each, ${result.held.at(-1) ?? '-'}/s beside`,
    );
    await sleep(settleMs, undefined, { signal });
  }
  return result;
}

function descriptors(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function residentBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
