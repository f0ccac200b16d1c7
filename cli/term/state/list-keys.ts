// Keys while no dialog is open: moving, and what begins with a key.
import { heightOf } from '../layout.ts';
import { beginDecision, type DecisionKey, decisionKeys } from './begin-decision.ts';
import { onDialogKey } from './dialog-keys.ts';
import type { KeyPress } from './key-press.ts';
import type { Effect, Step } from './reduce.ts';
import { subjectOf } from './subject-of.ts';
import { releaseRows } from './take-change.ts';
import type { Kind, Pane, TermState } from './term-state.ts';

export function onListKey(state: TermState, key: KeyPress): Step {
  switch (key.name) {
    case 'char':
      return onCharacter(state, key.text);
    case 'burst':
      return onBurst(state, key.text);
    case 'up':
      return step(move(state, -1));
    case 'down':
      return step(move(state, 1));
    case 'pageUp':
      return step(move(state, -page(state)));
    case 'pageDown':
      return step(move(state, page(state)));
    case 'home':
      return step(move(state, -Infinity));
    case 'end':
      return step(move(state, Infinity));
    case 'tab':
    case 'right':
      return step(focusNext(state, 1));
    case 'backTab':
    case 'left':
      return step(focusNext(state, -1));
    case 'enter':
      return step(enter(state));
    case 'escape':
      return step(takeBack(state));
    case 'interrupt':
      return step(state, { type: 'Quit' });
    case 'backspace':
    case 'clear':
      return step(state);
    default:
      return key satisfies never;
  }
}

function onCharacter(state: TermState, char: string): Step {
  if (Object.hasOwn(decisionKeys, char)) return step(beginDecision(state, char as DecisionKey));
  switch (char) {
    case 'j':
      return step(move(state, 1));
    case 'k':
      return step(move(state, -1));
    case 'g':
      return step(move(state, -Infinity));
    case 'G':
      return step(move(state, Infinity));
    case ' ':
      return step(move(state, page(state)));
    case 'e':
      return step(scrollHome({ ...releaseRows(state), showsEnded: !state.showsEnded }));
    case '/':
      return step(openFilter(state));
    case '?':
      return step({ ...state, dialog: { type: 'Help', top: 0 } });
    case 'n':
      return changeNamespace(state);
    case 'l':
      return withSandbox(state, sandbox => ({
        state: { ...state, dialog: { type: 'Logs', sandbox, lines: [], back: 0 } },
        effects: [{ type: 'FollowLogs', sandbox }],
      }));
    case 'c':
      return withSandbox(state, sandbox =>
        sandbox.status?.phase === 'Running'
          ? step(state, { type: 'Connect', sandbox })
          : step(
              warn(
                state,
                `${sandbox.metadata.name} is ${sandbox.status?.phase ?? 'not known to the operator'}: only a running sandbox can be connected to`,
              ),
            ),
      );
    case 'q':
      return step(state, { type: 'Quit' });
    default:
      return step(state);
  }
}

/** What may come in a burst, from a held key or over a slow line: nothing that begins a decision or leaves. */
const harmless = /^[jkgG /?e]$/;

/** Character by character, up to the first that no one should press without having seen what the ones before it did. */
function onBurst(state: TermState, text: string): Step {
  let now = step(state);
  for (const char of text) {
    const { dialog } = now.state;
    if (dialog) {
      const rest = { name: 'burst', text: text.slice(text.indexOf('/') + 1) } as const;
      return dialog.type === 'Filter' ? onDialogKey(now.state, dialog, rest) : now;
    }
    if (!harmless.test(char))
      return step(
        warn(now.state, 'several keys came at once: from the first that does more than move, none was taken'),
      );
    now = onCharacter(now.state, char);
  }
  return now;
}

function move(state: TermState, by: number): TermState {
  if (state.focus === 'detail') {
    const top = Math.max(0, Math.min(state.top.detail + by, 1_000));
    return { ...state, top: { ...state.top, detail: top } };
  }
  const ids = idsOf(state, state.focus);
  const from = ids.indexOf(state.cursor[state.focus] ?? '');
  const to = ids[Math.max(0, Math.min(from + by, ids.length - 1))];
  if (to === undefined) return state;
  const moved = { ...state, cursor: { ...state.cursor, [state.focus]: to }, top: { ...state.top, detail: 0 } };
  return state.focus === 'requests' ? releaseRows(moved, to) : moved;
}

function idsOf(state: TermState, kind: Kind): readonly string[] {
  return kind === 'requests'
    ? state.rows.requests.map(({ uid }) => uid)
    : state.rows.sandboxes.map(({ metadata }) => metadata.uid);
}

function page(state: TermState): number {
  return Math.max(1, heightOf(state.size, state.focus) - 1);
}

const panes: readonly Pane[] = ['sandboxes', 'requests', 'detail'];

function focusNext(state: TermState, by: number): TermState {
  const focus = panes[(panes.indexOf(state.focus) + by + panes.length) % panes.length] ?? 'requests';
  const lastList = focus === 'detail' ? state.lastList : focus;
  return { ...state, focus, lastList, top: { ...state.top, detail: focus === 'detail' ? state.top.detail : 0 } };
}

/** On a sandbox: only its requests, or all again. On a request: its detail. */
function enter(state: TermState): TermState {
  if (state.focus === 'requests') return { ...state, focus: 'detail' };
  const uid = state.cursor.sandboxes;
  if (state.focus === 'detail' || uid === undefined) return state;
  const { ofSandbox, ...all } = releaseRows(state);
  const next = ofSandbox === uid ? all : { ...all, ofSandbox: uid };
  return scrollHome({ ...next, focus: 'requests', lastList: 'requests' });
}

/** Escape: the narrowing that was made last goes first. */
function takeBack(state: TermState): TermState {
  const { ofSandbox, ...all } = releaseRows(state);
  if (ofSandbox !== undefined) return all;
  return { ...all, filters: { sandboxes: '', requests: '' } };
}

function openFilter(state: TermState): TermState {
  const pane = state.lastList;
  const before = state.filters[pane];
  return { ...state, dialog: { type: 'Filter', pane, before, text: { text: before, at: before.length } } };
}

function changeNamespace(state: TermState): Step {
  const namespace = state.scope.namespace === undefined ? state.scope.home : undefined;
  const { ofSandbox: _ofSandbox, ...rest } = state;
  const scope = { home: state.scope.home, ...(namespace === undefined ? {} : { namespace }) };
  const link = { state: 'Connecting', heardMs: 0 } as const;
  const empty = { sandboxes: new Map(), requests: new Map(), gone: new Set<string>(), held: new Map(), cursor: {} };
  const next = { ...rest, ...empty, scope, links: { sandboxes: link, requests: link } };
  return step(scrollHome(next), { type: 'Follow', namespace });
}

function withSandbox(
  state: TermState,
  then: (sandbox: NonNullable<ReturnType<TermState['sandboxes']['get']>>) => Step,
): Step {
  const subject = subjectOf(state);
  const uid = subject?.type === 'Request' ? subject.row.request.spec.sandbox.uid : subject?.sandbox.metadata.uid;
  const sandbox = uid === undefined ? undefined : state.sandboxes.get(uid);
  return sandbox === undefined ? step(warn(state, 'there is no such sandbox any more')) : then(sandbox);
}

function scrollHome(state: TermState): TermState {
  return { ...state, top: { ...state.top, requests: 0, detail: 0 } };
}

function warn(state: TermState, text: string): TermState {
  return { ...state, notice: { kind: 'Warning', text, atMs: state.nowMs } };
}

function step(state: TermState, ...effects: readonly Effect[]): Step {
  return { state, effects };
}
