// From the exec of the sidecar's node to the moment it answers that it is ready, with a policy of 20 000 rules kept from before.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { allow } from '../../netns/snapshot-parts.ts';
import type { BenchContext } from '../bench.ts';
import type { Lab } from './lab.ts';

const ruleCount = 20_000;
const usualStarts = 7;

/** Milliseconds of each start; the kernel tells a process's beginning to 10 ms. */
export async function execToReadyMs(
  lab: Lab,
  { progress, signal, count }: Pick<BenchContext, 'progress' | 'signal' | 'count'>,
): Promise<readonly number[]> {
  const { sidecar } = await lab.addCreel();
  const rules = Array.from({ length: ruleCount }, (_, index) => allow([`h${index}.example${index % 100}.com`]));
  await lab.hub.apply({ policy: { rules } });
  const samples: number[] = [];
  for (let start = 0; start < count(usualStarts); start++) {
    signal.throwIfAborted();
    // Long enough for the guard not to take it for one that cannot run.
    await sleep(3000, undefined, { signal });
    const linesBefore = listening(sidecar.log).length;
    const before = await sidecar.killProxy();
    const pid = await waitUntil(() => (sidecar.proxyPid === before ? undefined : sidecar.proxyPid), {
      what: 'the guard to start the proxy again',
      timeoutMs: 20_000,
      intervalMs: 1,
    });
    const startedMs = startOf(pid);
    const ready = await waitUntil(() => listening(sidecar.log)[linesBefore], {
      what: 'the sidecar to listen',
      timeoutMs: 20_000,
    });
    samples.push(ready - startedMs);
  }
  progress(`exec to ready with ${ruleCount} rules: ${samples.map(Math.round).join(', ')} ms`);
  return samples;
}

/** Unix ms of each time it said that it listens; the policy kept from before is in force by then. */
function listening(log: string): readonly number[] {
  return log
    .split('\n')
    .filter(line => line.includes('listens for'))
    .map(line => Date.parse((JSON.parse(line) as { time: string }).time));
}

/** Unix ms at which the process began, from the kernel's clock ticks since boot. */
function startOf(pid: number): number {
  const ticks = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]);
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  return Date.now() - uptimeMs + ticks * 10;
}
