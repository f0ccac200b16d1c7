import { displaySafe } from '../../engine/canonical/display.ts';
import { noPaint, type Paint, paintWord } from './paint.ts';

export interface TableOptions {
  readonly paint?: Paint;
  /** At least so wide, column by column: lines printed later keep to the columns of an earlier table. */
  readonly widths?: readonly number[];
}

/** Columns padded to their widest cell, kubectl style. Cells are made safe for a terminal: agents choose some of them. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  return formatRows([header, ...rows], { ...options, widths: tableWidths(header, rows) });
}

/** How wide each column of such a table is. */
export function tableWidths(header: readonly string[], rows: readonly (readonly string[])[]): number[] {
  return header.map((title, column) =>
    Math.max(title.length, ...rows.map(row => displaySafe(row[column] ?? '').length)),
  );
}

/** Lines without a header. */
export function formatRows(
  rows: readonly (readonly string[])[],
  { paint = noPaint, widths = [] }: TableOptions = {},
): string {
  return rows.map(row => formatRow(row.map(displaySafe), paint, widths)).join('\n');
}

function formatRow(cells: readonly string[], paint: Paint, widths: readonly number[]): string {
  const last = cells.findLastIndex(cell => cell !== '');
  return cells
    .slice(0, last + 1)
    .map((cell, column) => paintWord(paint, cell, column === last ? cell : cell.padEnd(widths[column] ?? 0)))
    .join('   ');
}
