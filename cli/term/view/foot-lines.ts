// The last two lines: what was said, and which keys do something now.
import { needsYes } from '../state/dialog-keys.ts';
import type { TermState } from '../state/term-state.ts';
import { fit, fitRight } from './cells.ts';
import { worst } from './head-line.ts';
import { type Line, type Span, span } from './line.ts';
import { textFieldLine } from './text-field-line.ts';
import type { Theme } from './theme.ts';

export function noticeLine(state: TermState, theme: Theme): Line {
  const { dialog, notice, size } = state;
  if (dialog?.type === 'Filter')
    return [
      span(`filter ${dialog.pane}: `, { bold: true }),
      ...textFieldLine(dialog.text, true, size.columns - 20, theme),
    ];
  if (notice) {
    const colors: Readonly<Record<typeof notice.kind, Span['color']>> = {
      Info: undefined,
      Good: 'green',
      Warning: 'red',
    };
    const color = colors[notice.kind];
    const mark = notice.kind === 'Warning' ? '! ' : '';
    return [
      span(fit(mark + notice.text, size.columns, theme), {
        bold: notice.kind === 'Warning',
        ...(color ? { color } : {}),
      }),
    ];
  }
  const link = worst(state);
  return link.message === undefined
    ? []
    : [span(fit(`! ${link.message}`, size.columns, theme), { bold: true, color: 'red' })];
}

export function keysLine(state: TermState, theme: Theme): Line {
  const help = '? help  q quit';
  const text = hints(state);
  const isList = state.dialog === undefined;
  if (!isList) return [span(fit(text, state.size.columns, theme), { dim: true })];
  const width = Math.max(0, state.size.columns - help.length - 1);
  return [span(`${fit(text, width, theme)} ${fitRight(help, help.length, theme)}`, { dim: true })];
}

function hints({ dialog, lastList, ofSandbox, filters }: TermState): string {
  switch (dialog?.type) {
    case 'Decide':
      return needsYes(dialog)
        ? `y approves these ${dialog.targets.length}  left/right change  PgDn more  Esc cancels`
        : `Enter ${verbs[dialog.verdict]}  ${dialog.fields.length > 1 ? 'left/right change  Tab next field  ' : ''}Esc cancels`;
    case 'Filter':
      return 'Enter keeps the filter  Esc takes it back';
    case 'Help':
      return 'j k scroll  Esc closes';
    case 'Logs':
      return 'j k scroll  G follow  Esc closes';
    case undefined: {
      const back = ofSandbox !== undefined || filters.requests !== '' || filters.sandboxes !== '' ? 'Esc all  ' : '';
      return lastList === 'requests'
        ? `${back}a approve  d deny  s snooze  r revoke  A D group  l logs  c shell  / filter  Tab`
        : `${back}Enter its requests  l logs  c shell  / filter  n namespaces  Tab`;
    }
    default:
      return dialog satisfies never;
  }
}

const verbs = { Approve: 'approves', Deny: 'denies', Snooze: 'snoozes', Revoke: 'revokes' } as const;
