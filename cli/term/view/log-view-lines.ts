import type { Dialog } from '../state/dialog.ts';
import { wrap } from './cells.ts';
import { type Line, span } from './line.ts';
import type { Theme } from './theme.ts';

/** The last lines that fit, or those the user has scrolled back to. */
export function logViewLines(
  dialog: Extract<Dialog, { type: 'Logs' }>,
  width: number,
  height: number,
  theme: Theme,
): readonly Line[] {
  const { lines, back, ended } = dialog;
  const end = Math.max(0, lines.length - back);
  // No line is shorter than one of the screen.
  const wrapped = lines.slice(Math.max(0, end - height), end).flatMap(line => wrap(line, width, theme));
  const tail =
    back > 0 ? [`-- ${back} lines further down --`] : ended !== undefined ? wrap(`-- ${ended} --`, width, theme) : [];
  const empty = lines.length === 0 && ended === undefined ? ['waiting for the first line'] : [];
  return [...empty, ...wrapped, ...tail].slice(-height).map(text => [span(text)]);
}
