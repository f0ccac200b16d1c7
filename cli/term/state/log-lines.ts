import type { TermState } from './term-state.ts';

/** More than anyone scrolls through; the rest is `kubectl creel logs`. */
const maxLines = 2_000;

export function appendLog(state: TermState, lines: readonly string[]): TermState {
  const { dialog } = state;
  if (dialog?.type !== 'Logs') return state;
  const all = [...dialog.lines, ...lines].slice(-maxLines);
  // Who has scrolled back goes on reading the same lines.
  const back = dialog.back === 0 ? 0 : Math.min(dialog.back + lines.length, all.length);
  return { ...state, dialog: { ...dialog, lines: all, back } };
}
