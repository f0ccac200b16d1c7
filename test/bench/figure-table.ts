import type { Figure } from './figure.ts';

const header = ['FIGURE', 'OURS', 'PEER', 'RATIO', 'UNIT', 'GOAL', 'MET', 'SPREAD'];

/** Figures for people, one a line in aligned columns. */
export function figureTable(figures: Readonly<Record<string, Figure>>): string {
  const rows = Object.entries(figures).map(([name, { ours, peer, ratio, unit, goal, met, spread }]) => [
    name,
    String(ours),
    String(peer ?? '-'),
    String(ratio ?? '-'),
    unit,
    goal,
    met ? 'yes' : 'NO',
    spread,
  ]);
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)));
  return all
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
