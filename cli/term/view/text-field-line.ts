import type { TextField } from '../state/edit-text.ts';
import { cellWidth, headOf, safeText, tailOf } from './cells.ts';
import { type Line, span } from './line.ts';
import type { Theme } from './theme.ts';

const segmenter = new Intl.Segmenter();

/** What is typed, scrolled so that the cursor is in sight. */
export function textFieldLine({ text, at }: TextField, isFocused: boolean, width: number, theme: Theme): Line {
  const whole = safeText(text, theme);
  if (!isFocused) return [span(headOf(whole, width) || '(none)', { dim: text === '' })];
  const before = tailOf(safeText(text.slice(0, at), theme), Math.max(0, width - 2));
  const after = safeText(text.slice(at), theme);
  const under = segmenter.segment(after).containing(0)?.segment ?? ' ';
  const rest = headOf(after.slice(under.length), width - cellWidth(before) - cellWidth(under));
  return [span(before), span(under, { inverse: true }), span(rest)];
}
