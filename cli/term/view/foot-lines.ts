// The last two lines: what was said, and which keys do something now.
import { decisionKeys } from '../state/begin-decision.ts';
import { whyNot } from '../state/can-decide.ts';
import { needsYes } from '../state/dialog-keys.ts';
import type { RequestRow } from '../state/list-requests.ts';
import { subjectOf } from '../state/subject-of.ts';
import type { Notice, TermState } from '../state/term-state.ts';
import { fit, wrap } from './cells.ts';
import { worst } from './head-line.ts';
import { type Line, span } from './line.ts';
import { textFieldLine } from './text-field-line.ts';
import type { Theme } from './theme.ts';

/** Between a list on the left and nothing below, more than these would hide the detail. */
const maxNoticeLines = 3;

/** At least one line; a long notice takes more, from the detail above it. */
export function noticeLines(state: TermState, theme: Theme): readonly Line[] {
  const { dialog, notice, size } = state;
  if (dialog?.type === 'Filter')
    return [
      [span(`filter ${dialog.pane}: `, { bold: true }), ...textFieldLine(dialog.text, true, size.columns - 20, theme)],
    ];
  if (notice) return wrapNotice(notice.text, notice.kind, size.columns, theme);
  const link = worst(state);
  return link.message === undefined ? [[]] : wrapNotice(link.message, 'Warning', size.columns, theme);
}

const colors = { Info: {}, Good: { color: 'green' }, Warning: { color: 'red', bold: true } } as const;

function wrapNotice(text: string, kind: Notice['kind'], columns: number, theme: Theme): readonly Line[] {
  const lines = wrap(kind === 'Warning' ? `! ${text}` : text, columns, theme);
  const rest = lines.slice(maxNoticeLines - 1).join(' ');
  const shown =
    lines.length > maxNoticeLines ? [...lines.slice(0, maxNoticeLines - 1), fit(rest, columns, theme)] : lines;
  return shown.map(line => [span(line, colors[kind])]);
}

export function keysLine(state: TermState, theme: Theme): Line {
  const { columns } = state.size;
  const end = state.dialog === undefined ? '  ? help  q quit' : '';
  const shown = hints(state).reduce((line, hint) => {
    const longer = line === '' ? hint : `${line}  ${hint}`;
    return longer.length + end.length <= columns ? longer : line;
  }, '');
  return [span(`${fit(shown, Math.max(0, columns - end.length), theme)}${end}`, { dim: true })];
}

/** The most useful first: what does not fit is left out, and is in the help. */
function hints(state: TermState): readonly string[] {
  const { dialog } = state;
  switch (dialog?.type) {
    case 'Decide':
      return needsYes(dialog)
        ? [`y approves these ${dialog.targets.length}`, 'Esc cancels', 'left/right change', 'PgDn more']
        : [
            `Enter ${verbs[dialog.verdict]}`,
            'Esc cancels',
            ...(dialog.fields.length > 1 ? ['left/right change', 'Tab next field'] : []),
          ];
    case 'Filter':
      return ['Enter keeps the filter', 'Esc takes it back'];
    case 'Help':
      return ['Esc closes', 'j k scroll'];
    case 'Logs':
      return ['Esc closes', 'j k scroll', 'G follow'];
    case undefined:
      return listHints(state);
    default:
      return dialog satisfies never;
  }
}

function listHints(state: TermState): readonly string[] {
  const { ofSandbox, filters } = state;
  const isNarrowed = ofSandbox !== undefined || filters.requests !== '' || filters.sandboxes !== '';
  const always = ['/ filter', 'l log', 'c shell', 'Tab', 'n namespaces', 'e ended'];
  const subject = subjectOf(state);
  const own = subject?.type === 'Request' ? decisionHints(subject.row) : subject ? ['Enter its requests'] : [];
  return [...(isNarrowed ? ['Esc all'] : []), ...own, ...always];
}

const decisionTexts = { a: 'a approve', d: 'd deny', s: 's snooze', r: 'r revoke' } as const;

function decisionHints({ request, isGone, group, section }: RequestRow): readonly string[] {
  const possible = (['a', 'd', 's', 'r'] as const).filter(
    key => whyNot(request, decisionKeys[key].verdict, isGone) === undefined,
  );
  const isGroup = group.size > 1 && section === 'Open';
  return [...possible.map(key => decisionTexts[key]), ...(isGroup ? [`A D all ${group.size}`] : [])];
}

const verbs = { Approve: 'approves', Deny: 'denies', Snooze: 'snoozes', Revoke: 'revokes' } as const;
