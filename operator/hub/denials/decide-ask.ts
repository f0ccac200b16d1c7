// What a denial becomes: a new request, one more hit of an old one, or nothing. Pure.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { annotations } from '../../../crds/schema/group.ts';
import { sampledRequests } from '../../../engine/compile/sampled-requests.ts';
import type { DenialReason, Standing } from '../../../protocol/session.ts';
import type { Asked } from '../../snapshots/ask-policy.ts';
import { denialsOf, standingOf } from './standing-of.ts';

export type AskDecision =
  /** `denials`: how often in a row it was denied before. */
  | { readonly type: 'Create'; readonly round: number; readonly denials: number }
  | { readonly type: 'Count'; readonly request: ApprovalRequest; readonly standing?: Standing }
  | { readonly type: 'Refuse'; readonly reason: string }
  /** A person has refused it, and its time has not come again. */
  | { readonly type: 'Denied'; readonly request: ApprovalRequest; readonly standing: Standing };

export interface AskInputs {
  readonly host: string;
  readonly reason: DenialReason;
  /** What was tried: `GET /path`. */
  readonly sample?: string;
  /** What the operator's own copy of the policy says: a sidecar's word alone asks nobody. */
  readonly decision: Asked;
  /** Every request ever made of this question that still exists. */
  readonly rounds: readonly ApprovalRequest[];
  /** Counted only where a new request would be made. */
  readonly pending: () => { readonly ofSandbox: number; readonly ofNamespace: number };
  /** Its sidecar has spent the last use; the status may be a write behind. */
  readonly isUsedUp: (request: ApprovalRequest) => boolean;
  readonly nowMs: number;
}

export const maxPendingPerSandbox = 50;
export const maxPendingPerNamespace = 200;

export function decideAsk(inputs: AskInputs): AskDecision {
  const refusal = refusalOf(inputs);
  if (refusal !== undefined) return { type: 'Refuse', reason: refusal };
  const latest = inputs.rounds.toSorted((a, b) => roundOf(b) - roundOf(a))[0];
  if (latest === undefined) return withinCaps(inputs, { round: 0, denials: 0 });
  const standing = standingOf(latest, inputs.nowMs);
  if (standing?.verdict === 'Denied') return afterDenial(inputs, latest, standing);
  // An approval or a policy in between: what was denied before that is of the past.
  if (hasEnded(latest, inputs.nowMs) || inputs.isUsedUp(latest) || isBeyond(latest, inputs))
    return withinCaps(inputs, { round: roundOf(latest) + 1, denials: 0 });
  return { type: 'Count', request: latest, ...(standing === undefined ? {} : { standing }) };
}

/** The status may be a write behind the clock and the decision. */
function hasEnded({ spec, status }: ApprovalRequest, nowMs: number): boolean {
  const phase = status?.phase ?? 'Pending';
  if (ended.has(phase) || spec.decision?.verdict === 'Revoke') return true;
  const isGranted = phase === 'Approved' || phase === 'Enforced';
  return isGranted && status?.expiresAt !== undefined && Date.parse(status.expiresAt) <= nowMs;
}

/** Approved were single requests, and this is none of them: a question of its own, or nobody would ever be asked. */
function isBeyond({ spec }: ApprovalRequest, { host, reason, sample = '' }: AskInputs): boolean {
  const { decision } = spec;
  if (reason !== 'RequestNotAllowed' || decision?.verdict !== 'Approve' || decision.scope !== 'Request') return false;
  const [request] = sampledRequests(host, [sample]);
  return !(decision.requests ?? []).some(({ method, path }) => method === request?.method && path === request.path);
}

/** Why no person is asked. */
function refusalOf({ host, reason, decision }: AskInputs): string | undefined {
  switch (decision.verdict) {
    case 'Ask':
    case 'NeedsBinary':
      return undefined;
    case 'Allow':
      return reason === 'NotListed' ? `AlreadyAllowed: ${decision.id} allows it; try again` : undefined;
    case 'Deny':
      if (decision.reason === 'NeverReachable') return `NeverAskable: ${host} is an address no policy may open`;
      if (decision.reason === 'NotListed') return 'AskingIsOff: egress.onUnlisted is Deny';
      return `PolicyDenies: ${decision.reason}${decision.id === undefined ? '' : ` ${decision.id}`}`;
    default:
      return decision satisfies never;
  }
}

const ended: ReadonlySet<string> = new Set(['Expired', 'Revoked', 'Superseded']);

function afterDenial(inputs: AskInputs, request: ApprovalRequest, standing: Standing): AskDecision {
  return inputs.nowMs >= standing.untilMs
    ? withinCaps(inputs, { round: roundOf(request) + 1, denials: denialsOf(request) })
    : { type: 'Denied', request, standing };
}

function withinCaps(inputs: AskInputs, next: { readonly round: number; readonly denials: number }): AskDecision {
  const { ofSandbox, ofNamespace } = inputs.pending();
  if (ofSandbox >= maxPendingPerSandbox)
    return { type: 'Refuse', reason: `TooManyRequests: ${maxPendingPerSandbox} of this sandbox wait for a decision` };
  if (ofNamespace >= maxPendingPerNamespace)
    return {
      type: 'Refuse',
      reason: `TooManyRequests: ${maxPendingPerNamespace} of this namespace wait for a decision`,
    };
  return { type: 'Create', ...next };
}

function roundOf({ metadata }: ApprovalRequest): number {
  return Number(metadata.annotations?.[annotations.round] ?? 0) || 0;
}
