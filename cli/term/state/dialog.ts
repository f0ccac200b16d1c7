// What lies over the panes and takes the keys.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import { sampledRequests } from '../../../engine/compile/sampled-requests.ts';
import { type Scope, scopes } from '../../decisions/decision-scope.ts';
import type { TextField } from './edit-text.ts';
import type { Kind } from './term-state.ts';

export type Verdict = 'Approve' | 'Deny' | 'Snooze' | 'Revoke';
export type Field = 'for' | 'scope' | 'reason';

/** The requests are those that were on the screen when the key was pressed, frozen: what comes later is not in it. */
export interface DecideDialog {
  readonly type: 'Decide';
  readonly verdict: Verdict;
  readonly targets: readonly ApprovalRequest[];
  /** Of everything listed of a group, even if that is one request. */
  readonly isGroup: boolean;
  readonly openedMs: number;
  readonly fields: readonly Field[];
  readonly field: number;
  readonly durations: readonly string[];
  readonly duration: number;
  /** Narrowest first; empty where a scope makes no sense. */
  readonly scopes: readonly Scope[];
  readonly scope: number;
  readonly reason: TextField;
  /** First target shown, where they do not all fit. */
  readonly top: number;
}

export type Dialog =
  | DecideDialog
  | { readonly type: 'Filter'; readonly pane: Kind; readonly text: TextField; readonly before: string }
  | { readonly type: 'Help'; readonly top: number }
  | {
      readonly type: 'Logs';
      readonly sandbox: Sandbox;
      readonly lines: readonly string[];
      /** Lines above the end; 0 follows. */
      readonly back: number;
      /** Why it goes no further. */
      readonly ended?: string;
    };

/** Shortest first: the first is what Enter takes. Nothing without an end: that is for `kubectl creel approve` or a policy. */
const durationsOf: Readonly<Record<Verdict, readonly string[]>> = {
  Approve: ['5m', '1h', '8h', 'session'],
  Snooze: ['15m', '1h', '8h'],
  Deny: [],
  Revoke: [],
};

export function openDecideDialog(
  verdict: Verdict,
  targets: readonly ApprovalRequest[],
  isGroup: boolean,
  atMs: number,
): DecideDialog {
  const durations = durationsOf[verdict];
  const [only] = targets;
  const possible = verdict === 'Approve' && !isGroup && only ? scopesOf(only) : [];
  return {
    type: 'Decide',
    verdict,
    targets,
    isGroup,
    openedMs: atMs,
    fields: [
      ...(durations.length > 0 ? (['for'] as const) : []),
      ...(possible.length > 1 ? (['scope'] as const) : []),
      ...(verdict === 'Approve' && isGroup ? [] : (['reason'] as const)),
    ],
    field: 0,
    durations,
    duration: 0,
    scopes: possible,
    scope: 0,
    reason: { text: '', at: 0 },
    top: 0,
  };
}

/** Only what can be granted: requests that were seen as such, a binary that is known. */
function scopesOf({ spec: { egress }, status }: ApprovalRequest): readonly Scope[] {
  if (egress === undefined) return [];
  const asRequest =
    egress.reason === 'RequestNotAllowed' && sampledRequests(egress.host, status?.samples ?? []).length > 0;
  const can: Readonly<Record<Scope, boolean>> = {
    Request: asRequest,
    Binary: egress.binary !== undefined,
    Endpoint: true,
  };
  return narrowestFirst.filter(scope => can[scope]);
}

const narrowestFirst: readonly Scope[] = ['Request', 'Binary', 'Endpoint'] satisfies (typeof scopes)[number][];
