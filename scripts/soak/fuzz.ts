// Every parser under mutated input, with a new seed for each round; executions per target, and what to type to see a failure again.
import { allTargets } from '../../test/fuzz/all-targets.ts';
import type { FuzzTarget } from '../../test/fuzz/fuzz-target.ts';
import { runTarget } from '../../test/fuzz/run-target.ts';
import type { Soak } from './soak.ts';

const roundMs = 2000;

export const fuzz: Soak = {
  targets: allTargets.map(({ name }) => name),
  async run({ names, seed, isOver }) {
    const targets = allTargets.filter(({ name }) => names.includes(name));
    const totals = new Map<string, { executions: number; ms: number; slowestMs: number }>();
    const total = () => [...totals.values()].reduce((sum, { executions }) => sum + executions, 0);
    const startedMs = performance.now();
    let failed = false;
    for (let round = 0; !failed && !isOver(total()); round++)
      for (const target of targets) failed = !runRound(target, seed + round, totals) || failed;
    for (const [name, { executions, ms, slowestMs }] of totals)
      report(name, executions, `${Math.round(executions / (ms / 1000))}/s  slowest ${slowestMs.toFixed(1)} ms`);
    report('total', total(), `in ${Math.round((performance.now() - startedMs) / 1000)} s`);
    return !failed;
  },
};

/** False when it failed; it has said how. */
function runRound(
  target: FuzzTarget,
  seed: number,
  totals: Map<string, { executions: number; ms: number; slowestMs: number }>,
): boolean {
  const untilMs = performance.now() + roundMs;
  try {
    const run = runTarget(target, seed, () => performance.now() >= untilMs);
    const before = totals.get(target.name) ?? { executions: 0, ms: 0, slowestMs: 0 };
    totals.set(target.name, {
      executions: before.executions + run.executions,
      ms: before.ms + run.ms,
      slowestMs: Math.max(before.slowestMs, run.slowestMs),
    });
    return true;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.stack}` : '';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n`);
    return false;
  }
}

function report(name: string, executions: number, rest: string): void {
  process.stdout.write(`${name.padEnd(16)} ${String(executions).padStart(10)}  ${rest}\n`);
}
