// The dialog in which a person decides: what exactly, for how long, how widely.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { sampledRequests } from '../../../engine/compile/sampled-requests.ts';
import { requestWarnings } from '../../approvals/request-warnings.ts';
import { formatAge } from '../../output/format-age.ts';
import type { DecideDialog, Field, Verdict } from '../state/dialog.ts';
import type { TermState } from '../state/term-state.ts';
import { fitTail, wrap } from './cells.ts';
import { labelled, scopeTexts } from './detail-lines.ts';
import { type Line, span } from './line.ts';
import { targetOf } from './request-line.ts';
import { textFieldLine } from './text-field-line.ts';
import type { Theme } from './theme.ts';

const effects: Readonly<Record<Verdict, string>> = {
  Approve: 'It works at once, and ends by itself.',
  Deny: 'The agent is told at once, with your reason.',
  Snooze: 'Stays refused, and asks again after that time.',
  Revoke: 'Refused from now on; open connections are cut.',
};

export function dialogLines(
  state: TermState,
  dialog: DecideDialog,
  width: number,
  height: number,
  theme: Theme,
): readonly Line[] {
  const fields = dialog.fields.map((field, index) => fieldLine(dialog, field, index === dialog.field, width, theme));
  const room = height - fields.length;
  const about = dialog.isGroup ? groupLines(state, dialog, width, room, theme) : oneLines(dialog, width, theme);
  // The fields are always there: what does not fit is what the detail has shown already.
  const shown = about.slice(0, Math.max(1, room));
  const note = wrap(effects[dialog.verdict], width, theme).map(text => [span(text, { dim: true })]);
  return [...shown, ...fields, ...note].slice(0, height);
}

function oneLines(dialog: DecideDialog, width: number, theme: Theme): readonly Line[] {
  const [request] = dialog.targets;
  if (request === undefined) return [];
  const { spec } = request;
  const by = spec.egress?.binary?.path;
  const scope = dialog.scopes[dialog.scope];
  return [
    [
      span(`${dialog.verdict.toUpperCase()} `, { bold: true }),
      span(fitTail(targetOf(request), Math.max(0, width - dialog.verdict.length - 1), theme).trimEnd(), { bold: true }),
    ],
    ...labelled('sandbox', `${spec.sandbox.name} in ${request.metadata.namespace}`, width, theme),
    ...(by === undefined ? [] : labelled('by', by, width, theme)),
    ...requestWarnings(request).flatMap(text => labelled('WARNING', text, width, theme, { bold: true, color: 'red' })),
    ...(scope === 'Request' ? requestLines(request, width, theme) : []),
  ];
}

function requestLines({ spec, status }: ApprovalRequest, width: number, theme: Theme): readonly Line[] {
  return sampledRequests(spec.egress?.host ?? '', status?.samples ?? []).flatMap(({ method, path }, index) =>
    labelled(index === 0 ? 'only' : '', `${method} ${path}`, width, theme),
  );
}

/** How many, and which; what has arrived since is said, and is not among them. */
function groupLines(
  state: TermState,
  dialog: DecideDialog,
  width: number,
  room: number,
  theme: Theme,
): readonly Line[] {
  const { targets, verdict } = dialog;
  const [first] = targets;
  const key = first?.spec.egress?.host ?? first?.spec.gpu?.resource ?? '';
  const listed = new Set(targets.map(({ metadata }) => metadata.uid));
  const later = state.rows.requests.filter(
    ({ uid, group, section }) => group.key === key && section === 'Open' && !listed.has(uid),
  ).length;
  const title = `${verdict.toUpperCase()} ${targets.length} ${targets.length === 1 ? 'request' : 'requests'} for `;
  const scope = verdict === 'Approve' ? ', each as narrow as it was asked' : '';
  const head: Line[] = [
    [
      span(title, { bold: true }),
      span(fitTail(key, Math.max(0, width - title.length), theme).trimEnd(), { bold: true }),
    ],
    ...(later > 0 ? [[span(`NOT among them: ${later} that came since`, { bold: true })]] : []),
    ...wrap(`exactly these${scope}:`, width, theme).map(text => [span(text)]),
  ];
  const space = Math.max(1, room - head.length - 1);
  const shown = targets.slice(dialog.top, dialog.top + space);
  const hidden = targets.length - shown.length;
  return [
    ...head,
    ...shown.map(request => [span(targetLine(state, request, width, theme))]),
    ...(hidden > 0 ? [[span(`  ${hidden} more: PgDn, PgUp`, { bold: true })]] : []),
  ];
}

function targetLine(state: TermState, request: ApprovalRequest, width: number, theme: Theme): string {
  const { metadata, spec, status } = request;
  const age = formatAge(Date.parse(status?.firstSeen ?? metadata.creationTimestamp), state.nowMs);
  const hits = status?.hits ?? 0;
  const warned = requestWarnings(request).length > 0 ? '! ' : '- ';
  const rest = `port ${spec.egress?.port ?? '-'} by ${spec.egress?.binary?.path ?? '?'} in ${metadata.namespace}/${spec.sandbox.name}, ${hits} ${hits === 1 ? 'hit' : 'hits'}, ${age}`;
  return warned + fitTail(rest, Math.max(0, width - 2), theme).trimEnd();
}

function fieldLine(dialog: DecideDialog, field: Field, isFocused: boolean, width: number, theme: Theme): Line {
  const head = span(`${isFocused ? '>' : ' '} ${field.padEnd(7)}`, { bold: isFocused });
  if (field === 'reason') {
    const used = 9 + 1;
    return [head, ...textFieldLine(dialog.reason, isFocused, width - used, theme)];
  }
  const values = field === 'for' ? dialog.durations : dialog.scopes;
  const at = field === 'for' ? dialog.duration : dialog.scope;
  const scope = field === 'scope' ? dialog.scopes[at] : undefined;
  return [
    head,
    ...values.map((value, index) =>
      index === at ? span(`[${value}]`, { bold: true, inverse: isFocused }) : span(` ${value} `),
    ),
    ...(scope === undefined ? [] : [span(`  ${scopeTexts[scope]}`, { dim: true })]),
  ];
}
