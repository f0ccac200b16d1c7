import { mutateBytes, seededRandom } from '../../engine/bodies/testing/mutate-bytes.ts';
import type { FuzzTarget } from './fuzz-target.ts';

export interface FuzzRun {
  readonly executions: number;
  readonly slowestMs: number;
  readonly ms: number;
}

/** A check that takes longer than this has met input that costs more than it is long. */
const slowestAllowedMs = 500;

/** Every entry of the corpus as it is, then mutations until `enough` says so; a failure names seed, run and input. */
export function runTarget(target: FuzzTarget, seed: number, enough: (executions: number) => boolean): FuzzRun {
  const random = seededRandom(seed);
  const startedMs = performance.now();
  let executions = 0;
  let slowestMs = 0;
  const execute = (bytes: Buffer) => {
    const beforeMs = performance.now();
    try {
      target.check(bytes);
    } catch (error) {
      const input = bytes.toString('base64');
      throw new Error(`${target.name}: CREEL_FUZZ_SEED=${seed}, run ${executions}, input (base64) ${input}`, {
        cause: error,
      });
    }
    const ms = performance.now() - beforeMs;
    slowestMs = Math.max(slowestMs, ms < slowestAllowedMs ? ms : leastMs(() => target.check(bytes)));
    executions++;
  };
  for (const entry of target.corpus) execute(entry);
  while (!enough(executions)) execute(mutateBytes(target.corpus, target.tokens, random));
  if (slowestMs > slowestAllowedMs) throw new Error(`${target.name}: seed ${seed}: one check took ${slowestMs} ms`);
  return { executions, slowestMs, ms: performance.now() - startedMs };
}

/** On a busy machine a check may have waited for the processor: what it takes at best is what it costs. */
function leastMs(check: () => void): number {
  return Math.min(
    ...Array.from({ length: 3 }, () => {
      const beforeMs = performance.now();
      check();
      return performance.now() - beforeMs;
    }),
  );
}
