// The detail: everything about one request that a decision should rest on, the most important first.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { requestWarnings } from '../../approvals/request-warnings.ts';
import { formatAge } from '../../output/format-age.ts';
import type { RequestRow } from '../state/list-requests.ts';
import { subjectOf } from '../state/subject-of.ts';
import type { TermState } from '../state/term-state.ts';
import { wrap } from './cells.ts';
import { type Line, type Span, span } from './line.ts';
import { standingOf, targetOf } from './request-line.ts';
import { sandboxDetail } from './sandbox-detail.ts';
import { glyphsOf, type Theme } from './theme.ts';

export function detailLines(state: TermState, width: number, theme: Theme): readonly Line[] {
  const subject = subjectOf(state);
  if (subject === undefined) return [];
  return subject.type === 'Request'
    ? requestDetail(state, subject.row, width, theme)
    : sandboxDetail(state, subject.sandbox, width, theme);
}

const labelWidth = 9;

/** `label  value`, the value wrapped under itself. */
export function labelled(
  label: string,
  value: string,
  width: number,
  theme: Theme,
  style: Omit<Span, 'text'> = {},
): readonly Line[] {
  return wrap(value, Math.max(8, width - labelWidth), theme).map((text, index) => [
    span((index === 0 ? label : '').padEnd(labelWidth), { dim: true }),
    span(text, style),
  ]);
}

function requestDetail(state: TermState, row: RequestRow, width: number, theme: Theme): readonly Line[] {
  const { request } = row;
  const { metadata, spec, status } = request;
  const { egress, gpu, sandbox } = spec;
  const add = (label: string, value: string, style?: Omit<Span, 'text'>) => labelled(label, value, width, theme, style);
  const decided = decisionLines(state, request, add);
  const isDecided = spec.decision !== undefined || state.sent.get(row.uid)?.state === 'Refused';
  return [
    ...titleLines(state, row, width, theme),
    ...requestWarnings(request).flatMap(warning => add('WARNING', warning, { bold: true, color: 'red' })),
    ...(isDecided ? decided : []),
    ...(gpu ? add('asks for', gpuText(gpu)) : []),
    ...(egress ? add('by', binaryText(egress.binary)) : []),
    ...(egress?.binary?.ancestors?.length
      ? add('started', egress.binary.ancestors.join(` ${glyphsOf(theme).from} `))
      : []),
    ...(egress?.binary ? add('sha256', egress.binary.sha256) : []),
    ...add('sandbox', sandboxText(state, request)),
    ...(egress ? add('why', reasons[egress.reason]) : []),
    ...(status?.samples ?? []).flatMap((sample, index) => add(index === 0 ? 'tried' : '', sample)),
    ...(isDecided ? [] : decided),
    ...(row.group.size > 1 && row.section === 'Open'
      ? add('group', `${row.group.size} listed for ${row.group.key}: A approves, D denies them all`)
      : []),
    ...add('name', `${metadata.name} in ${metadata.namespace}, sandbox uid ${sandbox.uid}`, { dim: true }),
    ...(status?.history ?? []).flatMap(({ at, phase, by, message }, index) =>
      add(
        index === 0 ? 'history' : '',
        [at, phase, by === undefined ? '' : `by ${by}`, message ?? ''].filter(Boolean).join(' '),
        { dim: true },
      ),
    ),
  ];
}

const reasons = {
  NotListed: 'NotListed: no policy lists this host and port',
  RequestNotAllowed: 'RequestNotAllowed: a policy lists the host, but not this request',
} as const;

function titleLines(state: TermState, row: RequestRow, width: number, theme: Theme): readonly Line[] {
  const { request } = row;
  const { mark, word, color } = standingOf(row, state.sent.get(row.uid));
  const style = { bold: true, ...(color ? { color } : {}) };
  const lines = wrap(targetOf(request), width, theme).map(text => [span(text, { bold: true })]);
  return [...lines, [span(`${mark} ${word}`, style), span(` ${seenText(request, state.nowMs, glyphsOf(theme).dot)}`)]];
}

function seenText({ metadata, status }: ApprovalRequest, nowMs: number, dot: string): string {
  const ago = (time: string | undefined) => {
    const atMs = Date.parse(time ?? '');
    return Number.isNaN(atMs) ? 'unknown' : `${formatAge(atMs, nowMs)} ago`;
  };
  const hits = status?.hits ?? 0;
  const first = ago(status?.firstSeen ?? metadata.creationTimestamp);
  const parts = [`${hits} ${hits === 1 ? 'hit' : 'hits'}`, `first ${first}`, `last ${ago(status?.lastSeen)}`];
  return parts.map(part => `${dot} ${part}`).join(' ');
}

function binaryText(binary: NonNullable<ApprovalRequest['spec']['egress']>['binary']): string {
  return binary?.path ?? 'unknown program (identity is off for this sandbox)';
}

function gpuText({ resource, count, nodeSelector }: NonNullable<ApprovalRequest['spec']['gpu']>): string {
  const where = Object.entries(nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
  return `${count} x ${resource}${where.length > 0 ? ` on nodes with ${where.join(', ')}` : ''}; there is no pod before it is approved`;
}

function sandboxText(state: TermState, { metadata, spec }: ApprovalRequest): string {
  const known = state.sandboxes.get(spec.sandbox.uid);
  return `${spec.sandbox.name} in ${metadata.namespace}, ${known?.status?.phase ?? 'not there any more'}`;
}

type Add = (label: string, value: string, style?: Omit<Span, 'text'>) => readonly Line[];

function decisionLines(state: TermState, request: ApprovalRequest, add: Add): readonly Line[] {
  const { decision } = request.spec;
  const { status } = request;
  const sent = state.sent.get(request.metadata.uid);
  const refused = sent?.state === 'Refused' ? add('REFUSED', sent.message ?? '', { bold: true, color: 'red' }) : [];
  if (decision === undefined) return [...refused, ...add('grant', grantText(request))];
  const { verdict, by = 'somebody', scope, for: length, maxUses, requests, reason } = decision;
  const untilMs = Date.parse(status?.expiresAt ?? '');
  const extent = [
    scope === undefined ? '' : scopeTexts[scope],
    length === undefined ? '' : `for ${length}`,
    maxUses === undefined ? '' : `${status?.usesLeft ?? maxUses} of ${maxUses} uses left`,
    Number.isNaN(untilMs) || untilMs <= state.nowMs ? '' : `${formatAge(state.nowMs, untilMs)} left`,
    status?.enforcedInMs === undefined ? '' : `enforced in ${status.enforcedInMs} ms`,
  ];
  const granted = status?.conditions?.find(({ type }) => type === 'Granted');
  return [
    ...refused,
    ...add('decided', [`${verdict} by ${by}`, ...extent].filter(Boolean).join(', ')),
    ...(requests ?? []).flatMap(({ method, path }, index) => add(index === 0 ? 'only' : '', `${method} ${path}`)),
    ...(reason === undefined ? [] : add('reason', JSON.stringify(reason))),
    ...(granted?.reason === 'NotInForce'
      ? add('NOT SO', `not in force: ${granted.message}`, { bold: true, color: 'red' })
      : []),
  ];
}

export const scopeTexts = {
  Request: 'only the requests tried',
  Binary: 'this program only',
  Endpoint: 'any program of the sandbox',
} as const;

/** What a then Enter would give: the narrowest for the shortest time. */
function grantText({ spec: { egress, gpu } }: ApprovalRequest): string {
  if (gpu) return 'a then Enter: the GPU for 5m; its end suspends the sandbox';
  const scope = egress?.reason === 'RequestNotAllowed' ? 'Request' : egress?.binary ? 'Binary' : 'Endpoint';
  return `a then Enter: ${scopeTexts[scope]}, this host and port, 5m`;
}
