// `npm run soak -- fuzz|differential|approvals [--minutes N | --executions N] [--seed N] [TARGET…]`, at low priority; five minutes unless
// told otherwise.
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { approvals } from './approvals.ts';
import { differential } from './differential.ts';
import { fuzz } from './fuzz.ts';
import type { Soak } from './soak.ts';

const soaks = new Map<string, Soak>([
  ['fuzz', fuzz],
  ['differential', differential],
  ['approvals', approvals],
]);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string' }, executions: { type: 'string' }, seed: { type: 'string' } },
});
const [what = '', ...given] = positionals;
const soak = soaks.get(what);
if (soak === undefined || given.some(name => !soak.targets.includes(name))) {
  process.stderr.write(
    `usage: npm run soak -- ${[...soaks.keys()].join('|')} [--minutes N | --executions N] [--seed N] [TARGET…]\n`,
  );
  for (const [name, { targets }] of soaks) process.stderr.write(`targets of ${name}: ${targets.join(' ')}\n`);
  process.exit(2);
}

const names = given.length === 0 ? soak.targets : given;
const wanted = values.executions === undefined ? Number.POSITIVE_INFINITY : Number(values.executions);
const forMs = values.executions === undefined ? Number(values.minutes ?? 5) * 60_000 : Number.POSITIVE_INFINITY;
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const startedMs = performance.now();
setPriority(15);
process.stdout.write(`soak ${what}: seed ${seed}, ${names.length} targets\n`);
const isOver = (executions: number) => performance.now() - startedMs >= forMs || executions >= wanted;
process.exit((await soak.run({ names, seed, isOver })) ? 0 : 1);
