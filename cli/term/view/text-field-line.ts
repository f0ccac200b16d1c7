import type { TextField } from '../state/edit-text.ts';
import { cellWidth, safeText } from './cells.ts';
import { type Line, span } from './line.ts';
import type { Theme } from './theme.ts';

/** What is typed, scrolled so that the cursor is in sight. */
export function textFieldLine({ text, at }: TextField, isFocused: boolean, width: number, theme: Theme): Line {
  const after = safeText(text.slice(at), theme);
  let before = safeText(text.slice(0, at), theme);
  while (cellWidth(before) > Math.max(0, width - 2)) before = [...before].slice(1).join('');
  if (!isFocused) return [span(clip(before + after, width) || '(none)', { dim: text === '' })];
  const [under = ' ', ...rest] = [...after];
  return [span(before), span(under, { inverse: true }), span(clip(rest.join(''), width - cellWidth(before) - 2))];
}

function clip(text: string, width: number): string {
  let clipped = text;
  while (clipped !== '' && cellWidth(clipped) > width) clipped = [...clipped].slice(0, -1).join('');
  return clipped;
}
