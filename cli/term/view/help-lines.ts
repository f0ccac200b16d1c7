import { wrap } from './cells.ts';
import { type Line, span } from './line.ts';
import type { Theme } from './theme.ts';

const keys: readonly (readonly [string, string])[] = [
  ['up down j k', 'select; PgUp PgDn Space a page; g G first, last'],
  ['Tab, left right', 'between sandboxes, requests and detail'],
  ['a', 'approve: asks how widely and for how long; Enter takes the narrowest and shortest'],
  ['d', 'deny: the reason you type reaches the agent'],
  ['s', 'snooze: stays refused, and is not asked again for a while'],
  ['r', 'revoke an approval: open connections are cut'],
  [
    'A  D',
    'approve (y confirms) or deny all listed requests for the selected host; what comes later is not among them',
  ],
  ['Enter', 'on a sandbox: only its requests, again: all; on a request: its detail'],
  ['/', 'filter by words: host, port, program, sandbox, phase'],
  ['e', 'show requests that are over, too'],
  ['n', 'this namespace or all namespaces'],
  ['l', "the sandbox's audit lines, as they come"],
  ['c', 'a shell in the sandbox, inside all of its limits'],
  ['Esc', 'takes a filter back, closes a dialog'],
  ['q  Ctrl-C', 'quit'],
];

const marks: readonly (readonly [string, string])[] = [
  ['?', 'waits for a decision'],
  ['~', 'on its way: sent, or approved and not confirmed by the sidecar yet'],
  ['+', 'enforced: the sidecar has confirmed it'],
  ['x', 'denied'],
  ['X', 'your decision was refused; the detail says why'],
  ['z', 'snoozed'],
  ['-', 'over: expired, revoked, superseded or deleted'],
  ['!', 'has a warning: read the detail'],
];

const notes: readonly string[] = [
  'A key acts on the selected request, whatever the list does meanwhile. New requests never move the selected row under your finger. A key pressed within 0.3 s of a move of that row, and a confirmation within 0.3 s of the question, are not taken.',
  'Longer than a session, or for good: kubectl creel approve --for, or better a policy: kubectl creel policy promote.',
];

export function helpLines(width: number, theme: Theme): readonly Line[] {
  const table = (rows: typeof keys, labelWidth: number) =>
    rows.flatMap(([key, text]) =>
      wrap(text, Math.max(8, width - labelWidth), theme).map(
        (line, index): Line => [span((index === 0 ? key : '').padEnd(labelWidth), { bold: true }), span(line)],
      ),
    );
  return [
    ...table(keys, 17),
    [],
    [span('Marks before a request', { bold: true })],
    ...table(marks, 4),
    [],
    ...notes.flatMap(note => wrap(note, width, theme).map((line): Line => [span(line)])),
  ];
}
