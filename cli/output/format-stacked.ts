import { displaySafe } from '../../engine/canonical/display.ts';
import { noPaint, type Paint, paintWord } from './paint.ts';

/**
 * Rows of a table that is too wide for the terminal: the first cell, and below it what the others say, each with its title.
 * Nothing is cut off: a host of which the end is missing could be another one.
 */
export function formatStacked(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: Paint = noPaint,
): string {
  return rows.map(row => formatOne(header, row.map(displaySafe), width, paint)).join('\n');
}

function formatOne(header: readonly string[], cells: readonly string[], width: number, paint: Paint): string {
  const [first = '', ...rest] = cells;
  const lines: { text: string; length: number }[] = [];
  for (const [at, cell] of rest.entries()) {
    if (cell === '') continue;
    const title = (header[at + 1] ?? '').toLowerCase();
    const length = title.length + 1 + cell.length;
    const text = `${paint('dim', title)} ${paintWord(paint, cell)}`;
    const last = lines.at(-1);
    if (last === undefined || last.length + 3 + length > width) lines.push({ text: `  ${text}`, length: length + 2 });
    else lines[lines.length - 1] = { text: `${last.text}   ${text}`, length: last.length + 3 + length };
  }
  return [paint('bold', first), ...lines.map(({ text }) => text)].join('\n');
}
