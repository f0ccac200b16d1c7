import { displaySafe } from '../../engine/canonical/display.ts';

/** Columns padded to their widest cell, kubectl style. Cells are made safe for a terminal: agents choose some of them. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const safe = [header, ...rows].map(row => row.map(cell => displaySafe(cell)));
  const widths = header.map((_, column) => Math.max(...safe.map(row => (row[column] ?? '').length)));
  return safe
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
