// Keys while a dialog is open.
import { isJustAfter } from './begin-decision.ts';
import { whyNot } from './can-decide.ts';
import type { DecideDialog, Dialog } from './dialog.ts';
import { editText, insertText } from './edit-text.ts';
import type { KeyPress } from './key-press.ts';
import type { Effect, Step } from './reduce.ts';
import { noteSent } from './sent-decisions.ts';
import { releaseRows } from './take-change.ts';
import type { TermState } from './term-state.ts';

export function onDialogKey(state: TermState, dialog: Dialog, key: KeyPress): Step {
  if (key.name === 'interrupt') return { state, effects: [{ type: 'Quit' }] };
  switch (dialog.type) {
    case 'Decide':
      return onDecideKey(state, dialog, key);
    case 'Filter':
      return onFilterKey(state, dialog, key);
    case 'Help':
      return onHelpKey(state, dialog, key);
    case 'Logs':
      return onLogsKey(state, dialog, key);
    default:
      return dialog satisfies never;
  }
}

/** A paste is text: it never decides, and outside a text field it is nothing. */
export function onDialogPaste(state: TermState, text: string): Step {
  const { dialog } = state;
  if (dialog?.type === 'Filter') return filterAs(state, dialog, insertText(dialog.text, text));
  if (dialog?.type === 'Decide' && dialog.fields[dialog.field] === 'reason')
    return step({ ...state, dialog: { ...dialog, reason: insertText(dialog.reason, text) } });
  return step(warn(state, 'what was pasted was ignored: keys have to be typed'));
}

const fieldKeys: Readonly<Record<string, number>> = { tab: 1, down: 1, backTab: -1, up: -1 };

function onDecideKey(state: TermState, dialog: DecideDialog, key: KeyPress): Step {
  const field = dialog.fields[dialog.field];
  const set = (change: Partial<DecideDialog>) => step({ ...state, dialog: { ...dialog, ...change } });
  if (key.name === 'escape') return step(close(state));
  if (key.name === 'enter')
    return needsYes(dialog)
      ? step(warn(state, `Enter approves only one at a time: press y to approve these ${dialog.targets.length}`))
      : confirm(state, dialog);
  const fieldsDown = fieldKeys[key.name];
  if (fieldsDown !== undefined)
    return set({ field: (dialog.field + fieldsDown + dialog.fields.length) % dialog.fields.length });
  if (key.name === 'pageDown') return set({ top: Math.min(dialog.top + 5, Math.max(0, dialog.targets.length - 1)) });
  if (key.name === 'pageUp') return set({ top: Math.max(0, dialog.top - 5) });
  if (field === 'reason') {
    const reason = editText(dialog.reason, key);
    return reason === undefined ? step(state) : set({ reason });
  }
  if (key.name === 'burst') return step(warn(state, 'several keys came at once and were ignored (a paste?)'));
  if (key.name === 'char' && key.text === 'y' && needsYes(dialog)) return confirm(state, dialog);
  const count = field === 'for' ? dialog.durations.length : dialog.scopes.length;
  const at = field === 'for' ? dialog.duration : dialog.scope;
  const next = chosen(key, at, count);
  return next === undefined ? step(state) : set(field === 'for' ? { duration: next } : { scope: next });
}

/** ← and → or a digit. */
function chosen(key: KeyPress, at: number, count: number): number | undefined {
  if (key.name === 'left') return Math.max(0, at - 1);
  if (key.name === 'right') return Math.min(count - 1, at + 1);
  if (key.name !== 'char' || !/^[1-9]$/.test(key.text)) return undefined;
  return Number(key.text) <= count ? Number(key.text) - 1 : undefined;
}

/** More than one approval at once takes a key that no one presses by habit. */
export function needsYes({ verdict, isGroup }: DecideDialog): boolean {
  return verdict === 'Approve' && isGroup;
}

function confirm(state: TermState, dialog: DecideDialog): Step {
  if (isJustAfter(dialog.openedMs, state.nowMs))
    return step(warn(state, 'that was quicker than anyone reads: nothing was decided. Read, then press it again'));
  const { verdict, targets, durations, duration, scopes, scope, reason } = dialog;
  const [only] = targets;
  if (!dialog.isGroup && only !== undefined) {
    const now = state.requests.get(only.metadata.uid);
    const why = whyNot(now ?? only, verdict, now === undefined || state.gone.has(only.metadata.uid));
    if (why !== undefined) return step(warn(state, `nothing was decided: ${why}`));
  }
  const text = reason.text.trim();
  const length = durations[duration];
  const extent = scopes[scope];
  const options = {
    ...(length === undefined ? {} : { for: length }),
    ...(extent === undefined ? {} : { scope: extent }),
    ...(text === '' ? {} : { reason: text }),
  };
  return step(noteSent(close(state), verdict, targets), { type: 'Decide', verdict, targets, options });
}

function onFilterKey(state: TermState, dialog: Extract<Dialog, { type: 'Filter' }>, key: KeyPress): Step {
  if (key.name === 'enter') return step(close(state));
  if (key.name === 'escape')
    return step(close({ ...state, filters: { ...state.filters, [dialog.pane]: dialog.before } }));
  const text = editText(dialog.text, key);
  if (text === undefined) return step(state);
  const filtered = filterAs(state, dialog, text);
  return key.name === 'burst' && key.text.endsWith('\r') ? step(close(filtered.state)) : filtered;
}

/** As it is typed. */
function filterAs(
  state: TermState,
  dialog: Extract<Dialog, { type: 'Filter' }>,
  text: Extract<Dialog, { type: 'Filter' }>['text'],
): Step {
  const filters = { ...state.filters, [dialog.pane]: text.text.trim() };
  return step({ ...releaseRows(state), filters, dialog: { ...dialog, text } });
}

function onHelpKey(state: TermState, dialog: Extract<Dialog, { type: 'Help' }>, key: KeyPress): Step {
  const by = scrolled(key, Math.max(1, state.size.rows - 4));
  if (by !== undefined)
    return step({ ...state, dialog: { ...dialog, top: Math.max(0, Math.min(dialog.top + by, 60)) } });
  const isClosing = key.name === 'escape' || (key.name === 'char' && '?q'.includes(key.text));
  return step(isClosing ? close(state) : state);
}

function onLogsKey(state: TermState, dialog: Extract<Dialog, { type: 'Logs' }>, key: KeyPress): Step {
  const by = scrolled(key, Math.max(1, state.size.rows - 4));
  if (by !== undefined) {
    const back = Math.max(0, Math.min(dialog.back - by, dialog.lines.length - 1));
    return step({ ...state, dialog: { ...dialog, back: Number.isNaN(back) ? 0 : back } });
  }
  const isClosing = key.name === 'escape' || (key.name === 'char' && 'lq'.includes(key.text));
  return isClosing ? step(close(state), { type: 'StopLogs' }) : step(state);
}

const lineKeys: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };
const pageKeys: Readonly<Record<string, number>> = { pageUp: -1, pageDown: 1, ' ': 1 };
const endKeys: Readonly<Record<string, number>> = { home: -1_000_000, g: -1_000_000, end: 1_000_000, G: 1_000_000 };

/** Lines down; undefined where the key does not scroll. */
function scrolled(key: KeyPress, page: number): number | undefined {
  const name = key.name === 'char' ? key.text : key.name;
  const pages = pageKeys[name];
  return lineKeys[name] ?? endKeys[name] ?? (pages === undefined ? undefined : pages * page);
}

function close({ dialog: _dialog, ...state }: TermState): TermState {
  return state;
}

function warn(state: TermState, text: string): TermState {
  return { ...state, notice: { kind: 'Warning', text, atMs: state.nowMs } };
}

function step(state: TermState, ...effects: readonly Effect[]): Step {
  return { state, effects };
}
