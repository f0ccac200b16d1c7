// `npm run bench -- NAME [--json]`: measures, prints a table (or one JSON object), exits 0 whether or not goals are met.
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';

/** One bench: says what it is doing by `progress`, returns its figures by name. */
type Bench = (progress: (text: string) => void, signal: AbortSignal) => Promise<Readonly<Record<string, Figure>>>;

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  startup: async () => (await import('./startup.ts')).benchStartup,
  approvals: async () => (await import('./approvals.ts')).benchApprovals,
  memory: async () => (await import('./memory.ts')).benchMemory,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const name = positionals[0] ?? '';
const load = benches[name];
if (!load) {
  process.stderr.write(`bench: ${name || 'no name'} is unknown; choose from ${Object.keys(benches).join(', ')}\n`);
  process.stderr.write('for example: npm run bench -- startup\n');
  process.exit(2);
}
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

const bench = await load();
const figures = await bench(text => process.stderr.write(`${text}\n`), interrupt.signal);
const environment = {
  node: process.version,
  kernel: release(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  date: new Date().toISOString(),
};
process.stdout.write(values.json ? `${JSON.stringify({ bench: name, figures, environment })}\n` : table(figures));
process.exit(0);

function table(rows: Readonly<Record<string, Figure>>): string {
  const header = ['FIGURE', 'OURS', 'PEER', 'RATIO', 'UNIT', 'GOAL', 'MET', 'SPREAD'];
  const cells = Object.entries(rows).map(([figure, { ours, peer, ratio, unit, goal, met, spread }]) => [
    figure,
    String(ours),
    String(peer ?? '-'),
    String(ratio ?? '-'),
    unit,
    goal,
    met ? 'yes' : 'NO',
    spread,
  ]);
  const all = [header, ...cells];
  const widths = header.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)));
  return all.map(row => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
