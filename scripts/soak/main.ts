// `npm run soak -- fuzz [--minutes N | --executions N] [--seed N] [TARGET…]`: every parser under mutated input, at low priority,
// with a new seed for each round; prints executions per target and fails with what to type to see the failure again.
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { allTargets } from '../../test/fuzz/all-targets.ts';
import type { FuzzTarget } from '../../test/fuzz/fuzz-target.ts';
import { runTarget } from '../../test/fuzz/run-target.ts';

const usage = 'usage: npm run soak -- fuzz [--minutes N | --executions N] [--seed N] [TARGET…]';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string' }, executions: { type: 'string' }, seed: { type: 'string' } },
});
const [what, ...names] = positionals;
const targets = allTargets.filter(({ name }) => names.length === 0 || names.includes(name));
if (what !== 'fuzz' || targets.length < Math.max(names.length, 1)) {
  process.stderr.write(`${usage}\ntargets: ${allTargets.map(({ name }) => name).join(' ')}\n`);
  process.exit(2);
}

const roundMs = 2000;
const wanted = values.executions === undefined ? Number.POSITIVE_INFINITY : Number(values.executions);
const forMs = values.executions === undefined ? Number(values.minutes ?? 5) * 60_000 : Number.POSITIVE_INFINITY;
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const totals = new Map<string, { executions: number; ms: number; slowestMs: number }>();
const startedMs = performance.now();
setPriority(15);
process.stdout.write(`soak fuzz: seed ${seed}, ${targets.length} targets\n`);

let failed = false;
for (let round = 0; !failed && performance.now() - startedMs < forMs && total() < wanted; round++)
  for (const target of targets) failed = !runRound(target, seed + round) || failed;
report();
process.exit(failed ? 1 : 0);

/** False when it failed; it has said how. */
function runRound(target: FuzzTarget, roundSeed: number): boolean {
  const untilMs = performance.now() + roundMs;
  try {
    const run = runTarget(target, roundSeed, () => performance.now() >= untilMs);
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

function total(): number {
  return [...totals.values()].reduce((sum, { executions }) => sum + executions, 0);
}

function report(): void {
  for (const [name, { executions, ms, slowestMs }] of totals) {
    const rate = Math.round(executions / (ms / 1000));
    process.stdout.write(
      `${name.padEnd(16)} ${String(executions).padStart(10)}  ${String(rate).padStart(7)}/s  slowest ${slowestMs.toFixed(1)} ms\n`,
    );
  }
  process.stdout.write(
    `${'total'.padEnd(16)} ${String(total()).padStart(10)}  in ${Math.round((performance.now() - startedMs) / 1000)} s\n`,
  );
}
