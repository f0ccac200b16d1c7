// From a key to the dialog that asks. Nothing is decided here, and nothing is begun on a row that has only just come under the cursor.

import { whyNot } from './can-decide.ts';
import { openDecideDialog, type Verdict } from './dialog.ts';
import type { RequestRow } from './list-requests.ts';
import { subjectOf } from './subject-of.ts';
import type { TermState } from './term-state.ts';

export const decisionKeys = {
  a: { verdict: 'Approve', isGroup: false },
  d: { verdict: 'Deny', isGroup: false },
  s: { verdict: 'Snooze', isGroup: false },
  r: { verdict: 'Revoke', isGroup: false },
  A: { verdict: 'Approve', isGroup: true },
  D: { verdict: 'Deny', isGroup: true },
} as const satisfies Readonly<Record<string, { verdict: Verdict; isGroup: boolean }>>;
export type DecisionKey = keyof typeof decisionKeys;

/** Slower than any finger that was already on its way, quicker than anyone who has looked. */
const settleMs = 300;

/** A clock that was set back makes nothing recent: it must not lock the keys. */
export function isJustAfter(sinceMs: number, nowMs: number): boolean {
  return nowMs >= sinceMs && nowMs - sinceMs < settleMs;
}

export function beginDecision(state: TermState, key: DecisionKey): TermState {
  const { verdict, isGroup } = decisionKeys[key];
  const subject = subjectOf(state);
  if (subject?.type !== 'Request')
    return warn(state, `${key} decides on a request: Tab to the requests and select one`);
  if (isJustAfter(state.movedMs, state.nowMs))
    return warn(state, `the list moved just as you pressed ${key}: nothing was begun. Look again, then press it`);
  if (isGroup) return beginGroup(state, verdict, subject.row, key);
  const { request, isGone } = subject.row;
  const isSending = state.sent.get(request.metadata.uid)?.state === 'Sending';
  const why = isSending ? 'the last decision on it is still being sent' : whyNot(request, verdict, isGone);
  if (why !== undefined) return warn(state, `${verdict} is not possible: ${why}`);
  return { ...state, dialog: openDecideDialog(verdict, [request], false, state.nowMs) };
}

/** Those of the host that are listed now and wait for a decision. */
function beginGroup(state: TermState, verdict: Verdict, { group }: RequestRow, key: DecisionKey): TermState {
  const targets = state.rows.requests
    .filter(row => row.group.key === group.key && row.section === 'Open')
    .filter(({ request, isGone }) => whyNot(request, verdict, isGone) === undefined)
    .map(({ request }) => request);
  if (targets.length === 0) return warn(state, `${key}: no request for ${group.key} waits for a decision`);
  return { ...state, dialog: openDecideDialog(verdict, targets, true, state.nowMs) };
}

function warn(state: TermState, text: string): TermState {
  return { ...state, notice: { kind: 'Warning', text, atMs: state.nowMs } };
}
