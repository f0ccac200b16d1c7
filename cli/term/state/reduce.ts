// The whole UI as one pure step: what came in → the next state, and what is to be done outside.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { StoreChange } from '../../../engine/watch/watch-state.ts';
import type { DecisionOptions } from '../../decisions/decision-of.ts';
import { layoutOf } from '../layout.ts';
import type { Verdict } from './dialog.ts';
import { onDialogKey, onDialogPaste } from './dialog-keys.ts';
import type { KeyPress } from './key-press.ts';
import { onListKey } from './list-keys.ts';
import { appendLog } from './log-lines.ts';
import { noteEffects, noteLate, noteOutcome, type Outcome } from './sent-decisions.ts';
import { settle } from './settle.ts';
import { releaseRows, takeRequests, takeSandboxes } from './take-change.ts';
import type { Kind, Link, Size, TermState } from './term-state.ts';

export type TermInput =
  | { readonly type: 'Key'; readonly key: KeyPress; readonly atMs: number }
  | { readonly type: 'Pasted'; readonly text: string; readonly atMs: number }
  | { readonly type: 'Sandboxes'; readonly change: StoreChange<Sandbox>; readonly atMs: number }
  | { readonly type: 'Requests'; readonly change: StoreChange<ApprovalRequest>; readonly atMs: number }
  | { readonly type: 'Link'; readonly kind: Kind; readonly link: Link; readonly atMs: number }
  | { readonly type: 'Outcome'; readonly uid: string; readonly outcome: Outcome; readonly atMs: number }
  | { readonly type: 'LogLines'; readonly lines: readonly string[]; readonly atMs: number }
  | { readonly type: 'LogEnded'; readonly why: string; readonly atMs: number }
  | { readonly type: 'Said'; readonly text: string; readonly isWarning: boolean; readonly atMs: number }
  | { readonly type: 'Resized'; readonly size: Size; readonly atMs: number }
  | { readonly type: 'Tick'; readonly atMs: number };

export type Effect =
  | {
      readonly type: 'Decide';
      readonly verdict: Verdict;
      readonly targets: readonly ApprovalRequest[];
      readonly options: DecisionOptions;
    }
  /** Follow this namespace instead, or all. */
  | { readonly type: 'Follow'; readonly namespace: string | undefined }
  | { readonly type: 'FollowLogs'; readonly sandbox: Sandbox }
  | { readonly type: 'StopLogs' }
  | { readonly type: 'Connect'; readonly sandbox: Sandbox }
  | { readonly type: 'Quit' };

export interface Step {
  readonly state: TermState;
  readonly effects: readonly Effect[];
}

/** Nobody has pressed a key for so long: rows that ended go. */
const releaseAfterMs = 30_000;
const infoMs = 10_000;

export function reduce(before: TermState, input: TermInput): Step {
  const state = { ...before, nowMs: input.atMs };
  const { state: next, effects } = react(state, input);
  const byUser = input.type === 'Key' || input.type === 'Pasted' || input.type === 'Resized';
  return { state: settle(before, next, byUser), effects };
}

function react(state: TermState, input: TermInput): Step {
  switch (input.type) {
    case 'Key': {
      const touched = { ...forget(state), lastKeyMs: input.atMs };
      if (layoutOf(state.size).arrangement === 'TooSmall') return onBlindKey(touched, input.key);
      return touched.dialog ? onDialogKey(touched, touched.dialog, input.key) : onListKey(touched, input.key);
    }
    case 'Pasted':
      return onDialogPaste({ ...state, lastKeyMs: input.atMs }, input.text);
    case 'Sandboxes':
      return stay(takeSandboxes(state, input.change));
    case 'Requests':
      return stay(noteEffects(takeRequests(state, input.change)));
    case 'Link':
      return stay({ ...state, links: { ...state.links, [input.kind]: input.link } });
    case 'Outcome':
      return stay(noteOutcome(state, input.uid, input.outcome));
    case 'LogLines':
      return stay(appendLog(state, input.lines));
    case 'LogEnded':
      return stay(state.dialog?.type === 'Logs' ? { ...state, dialog: { ...state.dialog, ended: input.why } } : state);
    case 'Said':
      return stay({
        ...state,
        notice: { kind: input.isWarning ? 'Warning' : 'Info', text: input.text, atMs: input.atMs },
      });
    case 'Resized':
      return stay(resize(state, input.size));
    case 'Tick':
      return stay(noteLate(growOld(state)));
    default:
      return input satisfies never;
  }
}

/** The question stands anew, and perhaps elsewhere: it has to be read again. */
function resize(state: TermState, size: Size): TermState {
  const { dialog } = state;
  return dialog?.type === 'Decide'
    ? { ...state, size, dialog: { ...dialog, openedMs: state.nowMs } }
    : { ...state, size };
}

/** Nobody decides on what is not on the screen. */
function onBlindKey(state: TermState, key: KeyPress): Step {
  const isLeaving = key.name === 'interrupt' || (key.name === 'char' && key.text === 'q');
  return { state, effects: isLeaving ? [{ type: 'Quit' }] : [] };
}

function stay(state: TermState): Step {
  return { state, effects: [] };
}

/** A key takes what was said away; what it says itself comes after. */
function forget({ notice: _notice, ...state }: TermState): TermState {
  return state;
}

function growOld(state: TermState): TermState {
  const isIdle = state.dialog === undefined && state.nowMs - state.lastKeyMs > releaseAfterMs;
  const released = isIdle ? releaseRows(state, state.cursor.requests) : state;
  const { notice, ...silent } = released;
  return notice !== undefined && notice.kind !== 'Warning' && state.nowMs - notice.atMs > infoMs ? silent : released;
}
