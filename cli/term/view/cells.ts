// Text in cells of the terminal. Whatever comes from outside goes through here: it cannot drive the terminal, spoof a row or
// push a column.
import stringWidth from 'string-width';
import { displaySafe } from '../../../engine/canonical/display.ts';
import { glyphsOf, type Theme } from './theme.ts';

/** Terminals disagree on how wide these are; of stacked marks more than two climb over the lines above. */
const uncertain = /\p{RI}|\p{Emoji_Modifier}|(?<=\p{M}{2})\p{M}/gu;
const beyondAscii = /[^ -~]/gu;

export function safeText(text: string, { isAscii }: Theme): string {
  const safe = displaySafe(text).replace(uncertain, escape);
  return isAscii ? safe.replace(beyondAscii, escape) : safe;
}

function escape(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

export function cellWidth(text: string): number {
  // Printable ASCII, nearly always, is as wide as it is long.
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** Exactly so wide: cut at its end, padded with blanks. */
export function fit(text: string, width: number, theme: Theme): string {
  return pad(cutEnd(safeText(text, theme), width, theme), width);
}

/** Exactly so wide, and its end is what stays: the end of a host name says whose it is, the end of a path which file. */
export function fitTail(text: string, width: number, theme: Theme): string {
  const safe = safeText(text, theme);
  if (fits(safe, width)) return pad(safe, width);
  return pad(width < 1 ? '' : glyphsOf(theme).ellipsis + tailOf(safe, width - 1), width);
}

/** At the right edge of so many cells. */
export function fitRight(text: string, width: number, theme: Theme): string {
  const cut = cutEnd(safeText(text, theme), width, theme);
  return ' '.repeat(Math.max(0, width - cellWidth(cut))) + cut;
}

/** Lines of at most so many cells, broken at blanks where there are any. */
export function wrap(text: string, width: number, theme: Theme): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of safeText(text, theme).split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (fits(joined, width)) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    for (let head = headOf(line, width); head !== line && head !== ''; head = headOf(line, width)) {
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}

/** As much of a safe text's beginning as fits. Looks no further: texts may be long. */
export function headOf(safe: string, width: number): string {
  let used = 0;
  let end = 0;
  for (const { segment } of segmenter.segment(safe)) {
    used += cellWidth(segment);
    if (used > width) break;
    end += segment.length;
  }
  return safe.slice(0, end);
}

/** As much of its end. */
export function tailOf(safe: string, width: number): string {
  // A cell is seldom more than a few units; one that is begins too late, never in the middle of a character.
  const near = safe.slice(-(width * 8 + 64));
  let used = 0;
  let start = near.length;
  for (const { segment, index } of [...segmenter.segment(near)].toReversed()) {
    used += cellWidth(segment);
    if (used > width) break;
    start = index;
  }
  return near.slice(start);
}

const segmenter = new Intl.Segmenter();

function fits(safe: string, width: number): boolean {
  return safe.length <= width * 8 + 64 ? cellWidth(safe) <= width : headOf(safe, width) === safe;
}

function cutEnd(safe: string, width: number, theme: Theme): string {
  if (fits(safe, width)) return safe;
  return width < 1 ? '' : headOf(safe, width - 1) + glyphsOf(theme).ellipsis;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cellWidth(text)));
}
