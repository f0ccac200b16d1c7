// `npm run bench -- NAME [--json]`: measures, prints a table (or one JSON object), exits 0 whether or not goals are met.
import { cpus, loadavg, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { figureTable } from './figure-table.ts';

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  admission: async () => (await import('./admission.ts')).benchAdmission,
  startup: async () => (await import('./startup.ts')).benchStartup,
  approvals: async () => (await import('./approvals.ts')).benchApprovals,
  egress: async () => (await import('./egress/egress.ts')).benchEgress,
  neighbours: async () => (await import('./neighbours.ts')).benchNeighbours,
  memory: async () => (await import('./memory.ts')).benchMemory,
};
/** For trials of a bench itself: at most so many samples a figure, and the output says so. */
const roundsVariable = 'CREEL_BENCH_ROUNDS';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const name = positionals[0] ?? '';
const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (load === undefined || positionals.length > 1) {
  say(`bench: ${positionals.join(' ') || 'no name'}: choose one of ${Object.keys(benches).join(', ')}`);
  say('for example: npm run bench -- startup');
  process.exit(2);
}
const rounds = readRounds(process.env[roundsVariable]);
const interrupt = new AbortController();
// Taken each time: a second one must not end the process in the middle of taking the cluster down.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());

const startedMs = performance.now();
const loadBefore = loadavg()[0] ?? 0;
try {
  const bench = await load();
  const figures = await bench({
    progress: text => say(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}`),
    signal: interrupt.signal,
    count: usual => Math.min(usual, rounds ?? usual),
  });
  const environment = {
    node: process.version,
    kernel: release(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore,
    tookS: Math.round((performance.now() - startedMs) / 1000),
    date: new Date().toISOString(),
    ...(rounds === undefined ? {} : { fewerRounds: rounds }),
  };
  process.stdout.write(values.json ? `${JSON.stringify({ bench: name, figures, environment })}\n` : table(figures));
  process.exit(0);
} catch (error) {
  if (interrupt.signal.aborted) say('bench: interrupted');
  else say(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(interrupt.signal.aborted ? 130 : 1);
}

function table(figures: Parameters<typeof figureTable>[0]): string {
  const trial =
    rounds === undefined ? '' : `a trial of at most ${rounds} samples (${roundsVariable}), not the figures\n`;
  return `${figureTable(figures)}${trial}`;
}

function readRounds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    say(`bench: ${roundsVariable}=${text} is no count of samples; use a whole number from 1, or leave it out`);
    process.exit(2);
  }
  say(`bench: ${roundsVariable}=${count}: at most ${count} samples a figure; for the figures themselves leave it out`);
  return count;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
