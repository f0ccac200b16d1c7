// The order of the requests' list: what waits for a decision first, then what is granted; newest first, one host's together.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { matchesFilter } from './matches-filter.ts';

/** Waiting for a decision; approved or snoozed; over. */
export type Section = 'Open' | 'Granted' | 'Ended';
const sections: readonly Section[] = ['Open', 'Granted', 'Ended'];

export interface RequestRow {
  readonly uid: string;
  readonly request: ApprovalRequest;
  readonly section: Section;
  /** Of its host in its section. */
  readonly group: { readonly key: string; readonly size: number; readonly place: 'Only' | 'First' | 'Middle' | 'Last' };
  readonly isGone: boolean;
}

export interface RequestList {
  readonly requests: ReadonlyMap<string, ApprovalRequest>;
  readonly gone: ReadonlySet<string>;
  readonly held: ReadonlyMap<string, Section>;
  readonly showsEnded: boolean;
  readonly filter: string;
  readonly ofSandbox?: string | undefined;
}

export function listRequests(list: RequestList): readonly RequestRow[] {
  const groups = new Map<string, ApprovalRequest[]>();
  for (const [uid, request] of list.requests) {
    const section = sectionIn(list, uid, request);
    if (section === 'Ended' && !list.showsEnded) continue;
    if (list.ofSandbox !== undefined && request.spec.sandbox.uid !== list.ofSandbox) continue;
    if (!matchesFilter(list.filter, wordsOf(request))) continue;
    const key = `${sections.indexOf(section)} ${groupKey(request)}`;
    const group = groups.get(key);
    if (group) group.push(request);
    else groups.set(key, [request]);
  }
  return [...groups]
    .map(([key, members]) => ({ key, members: members.sort(newestFirst) }))
    .sort((a, b) => Number(a.key[0]) - Number(b.key[0]) || compareNewest(a.members, b.members))
    .flatMap(({ key, members }) => members.map((request, index) => toRow(list, key, request, index, members.length)));
}

/** A verdict counts from when it is stored: the operator's phase may lag behind. A snooze that is over has its phase alone. */
export function sectionOf({ spec, status }: ApprovalRequest): Section {
  const phase = status?.phase ?? 'Pending';
  const verdict = phase === 'Pending' ? spec.decision?.verdict : undefined;
  if (verdict === 'Approve') return 'Granted';
  return verdict === 'Deny' || verdict === 'Revoke' ? 'Ended' : sectionOfPhase[phase];
}

const sectionOfPhase: Readonly<Record<NonNullable<NonNullable<ApprovalRequest['status']>['phase']>, Section>> = {
  Pending: 'Open',
  Approved: 'Granted',
  Enforced: 'Granted',
  Snoozed: 'Granted',
  Denied: 'Ended',
  Expired: 'Ended',
  Revoked: 'Ended',
  Superseded: 'Ended',
};

/** What is asked for: requests for the same stand together. */
function groupKey({ spec }: ApprovalRequest): string {
  return spec.egress?.host ?? spec.gpu?.resource ?? '';
}

function sectionIn({ gone, held }: RequestList, uid: string, request: ApprovalRequest): Section {
  return held.get(uid) ?? (gone.has(uid) ? 'Ended' : sectionOf(request));
}

function toRow(list: RequestList, key: string, request: ApprovalRequest, index: number, size: number): RequestRow {
  const { uid } = request.metadata;
  const end = index === size - 1 ? 'Last' : 'Middle';
  const place = size === 1 ? 'Only' : index === 0 ? 'First' : end;
  return {
    uid,
    request,
    section: sections[Number(key[0])] ?? 'Open',
    group: { key: key.slice(2), size, place },
    isGone: list.gone.has(uid),
  };
}

function compareNewest([a]: readonly ApprovalRequest[], [b]: readonly ApprovalRequest[]): number {
  return a && b ? newestFirst(a, b) : 0;
}

/** By creation, which never changes: a row does not move because of what is counted in it. */
function newestFirst(a: ApprovalRequest, b: ApprovalRequest): number {
  return (
    compare(b.metadata.creationTimestamp, a.metadata.creationTimestamp) || compare(a.metadata.name, b.metadata.name)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function wordsOf({ metadata, spec, status }: ApprovalRequest): readonly string[] {
  const { sandbox, egress, gpu } = spec;
  const of = egress ? `${egress.host}:${egress.port} ${egress.binary?.path ?? ''}` : `gpu ${gpu?.resource ?? ''}`;
  return [metadata.namespace, metadata.name, sandbox.name, of, status?.phase ?? 'Pending'];
}
