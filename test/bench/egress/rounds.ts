import { join } from 'node:path';
import type { BenchContext } from '../bench.ts';
import { quantile } from '../figure.ts';
import type { Contestant, Lab } from './lab.ts';

export type Mode = 'connect' | 'messages' | 'pull' | 'requests' | 'requests over HTTP/2';
type Name = {
  [Key in keyof Lab]: Lab[Key] extends Contestant ? Key : never;
}[keyof Lab];

const usualRounds = 7;
const roundTime = '3s';
const workers = 16;
const pulls = 4;

/** Counts a second, of each contestant round by round. */
export async function interleaved<N extends Name>(
  lab: Lab,
  { progress, signal, count }: BenchContext,
  mode: Mode,
  names: readonly N[],
): Promise<Readonly<Record<N, readonly number[]>>> {
  const samples = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<N, number[]>;
  const rounds = count(usualRounds);
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      signal.throwIfAborted();
      const rate = await oneRound(lab[name], mode);
      // The first round warms caches and compilers.
      if (round >= 0) samples[name].push(rate);
    }
  }
  const said = names.map(name => `${name} ${Math.round(quantile(samples[name], 0.5))}/s`);
  progress(`${mode}: ${said.join(', ')}`);
  return samples;
}

/** How many a second. */
export async function oneRound({ pod, flags }: Contestant, mode: Mode): Promise<number> {
  const [command = '', ...over] = mode.split(' ');
  const load = ['taskset', '-c', '1', join(pod.folder, 'load'), command, ...flags, '--for', roundTime];
  const more = ['--workers', String(mode === 'pull' ? pulls : workers), ...(over.length > 0 ? ['--http2'] : [])];
  const { stdout, stderr, exitCode } = await pod.run([...load, ...more], { timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`load ${mode} by ${flags.join(' ')}: ${stderr}`);
  const result = JSON.parse(stdout) as { count: number; seconds: number; errors: number; error?: string };
  if (result.count === 0 || result.errors > result.count / 100)
    throw new Error(`load ${mode} by ${flags.join(' ')}: ${stdout}`);
  return result.count / result.seconds;
}
