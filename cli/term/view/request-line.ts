// One request in the list: what is asked for by whom, and how it stands, in marks and words.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { requestWarnings } from '../../approvals/request-warnings.ts';
import { formatAge } from '../../output/format-age.ts';
import type { RequestRow } from '../state/list-requests.ts';
import type { Sent, TermState } from '../state/term-state.ts';
import { fit, fitRight, fitTail } from './cells.ts';
import { type Line, type Span, span } from './line.ts';
import { glyphsOf, type Theme } from './theme.ts';

interface Standing {
  readonly mark: string;
  readonly word: string;
  readonly color?: NonNullable<Span['color']>;
}

/** Below this the hits are in the detail only. */
const hitsFromWidth = 62;
const wordsFromWidth = 78;

export function requestLine(state: TermState, row: RequestRow, width: number, theme: Theme): Line {
  const { request, group } = row;
  const glyphs = glyphsOf(theme);
  const isSelected = state.cursor.requests === row.uid;
  const standing = standingOf(row, state.sent.get(row.uid));
  const bracket = { Only: ' ', First: glyphs.first, Middle: glyphs.middle, Last: glyphs.last }[group.place];
  const warns = requestWarnings(request).length > 0;
  const head = `${isSelected ? '>' : ' '}${standing.mark}${warns ? '!' : ' '}${bracket} `;
  const showsWord = width >= wordsFromWidth;
  const showsHits = width >= hitsFromWidth;
  const showsSandbox = state.ofSandbox === undefined;
  const fixed = head.length + 5 + (showsHits ? 6 : 0) + (showsWord ? 11 : 0);
  const room = Math.max(0, width - fixed);
  const sandboxWidth = showsSandbox ? Math.min(20, Math.floor(room * 0.24)) : 0;
  const binaryWidth = Math.min(28, Math.floor(room * 0.24));
  const targetWidth = room - sandboxWidth - binaryWidth - (showsSandbox ? 2 : 1);
  // Where there is no room for the word, what is decided says it in the binary's place: the detail has the binary.
  const isOpen = row.section === 'Open' && standing.word === 'Pending';
  const middle = isOpen || showsWord ? binaryOf(request) : standing.word;
  const fitSandbox = state.scope.namespace === undefined ? fitTail : fit;
  const cells = [
    fitTail(targetOf(request), targetWidth, theme),
    fitTail(middle, binaryWidth, theme),
    ...(showsSandbox ? [fitSandbox(sandboxOf(state, request), sandboxWidth, theme)] : []),
    ...(showsWord ? [fit(standing.word, 10, theme)] : []),
    ...(showsHits ? [fitRight(String(request.status?.hits ?? 0), 5, theme)] : []),
    fitRight(timeOf(request, state.nowMs), 4, theme),
  ];
  const isFocused = isSelected && state.focus === 'requests';
  return [
    span(head, { bold: isSelected, inverse: isFocused, ...(standing.color ? { color: standing.color } : {}) }),
    span(cells.join(' '), { bold: isSelected, inverse: isFocused, dim: !isSelected && row.section === 'Ended' }),
  ];
}

/** A decision of this screen that is on its way says more than the phase. */
export function standingOf({ request, isGone }: RequestRow, sent: Sent | undefined): Standing {
  if (isGone) return { mark: '-', word: 'Deleted' };
  if (sent?.state === 'Sending') return { mark: '~', word: 'Sending', color: 'yellow' };
  if (sent?.state === 'Refused' && (request.status?.phase ?? 'Pending') === 'Pending')
    return { mark: 'X', word: 'Refused', color: 'red' };
  const phase = request.status?.phase ?? 'Pending';
  const verdict = request.spec.decision?.verdict;
  const isOnItsWay = phase === 'Pending' && verdict !== undefined && (verdict !== 'Snooze' || sent?.state === 'Stored');
  return isOnItsWay ? { mark: '~', word: onItsWay[verdict], color: 'yellow' } : standings[phase];
}

/** Stored, and not taken up by the operator yet. */
const onItsWay = { Approve: 'Approving', Deny: 'Denying', Snooze: 'Snoozing', Revoke: 'Revoking' } as const;

const standings: Readonly<Record<NonNullable<NonNullable<ApprovalRequest['status']>['phase']>, Standing>> = {
  Pending: { mark: '?', word: 'Pending', color: 'yellow' },
  Approved: { mark: '~', word: 'Approved', color: 'yellow' },
  Enforced: { mark: '+', word: 'Enforced', color: 'green' },
  Denied: { mark: 'x', word: 'Denied', color: 'red' },
  Snoozed: { mark: 'z', word: 'Snoozed' },
  Expired: { mark: '-', word: 'Expired' },
  Revoked: { mark: '-', word: 'Revoked' },
  Superseded: { mark: '-', word: 'Superseded' },
};

export function targetOf({ spec: { egress, gpu } }: ApprovalRequest): string {
  return egress ? `${egress.host}:${egress.port}` : `${gpu?.count ?? 1} x ${gpu?.resource ?? 'GPU'}`;
}

function binaryOf({ spec }: ApprovalRequest): string {
  return spec.type === 'GPU' ? 'GPU' : (spec.egress?.binary?.path ?? '');
}

function sandboxOf(state: TermState, { metadata, spec }: ApprovalRequest): string {
  return state.scope.namespace === undefined ? `${metadata.namespace}/${spec.sandbox.name}` : spec.sandbox.name;
}

/** How long it waits; of what is granted, how long it still has. */
function timeOf({ metadata, status }: ApprovalRequest, nowMs: number): string {
  const untilMs = Date.parse(status?.expiresAt ?? '');
  const isRunning = ['Approved', 'Enforced', 'Snoozed'].includes(status?.phase ?? '');
  if (isRunning && !Number.isNaN(untilMs)) return `-${formatAge(nowMs, untilMs)}`;
  return formatAge(Date.parse(status?.firstSeen ?? metadata.creationTimestamp), nowMs);
}
