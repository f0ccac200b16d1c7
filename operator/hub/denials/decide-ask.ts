// What a denial becomes: a new request, one more hit of an old one, or nothing. Pure.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { annotations } from '../../../crds/schema/group.ts';
import { sampledRequests } from '../../../engine/compile/sampled-requests.ts';
import type { DenialReason } from '../../../protocol/session.ts';
import type { Asked } from '../../snapshots/ask-policy.ts';

export type AskDecision =
  | { readonly type: 'Create'; readonly round: number }
  | { readonly type: 'Count'; readonly request: ApprovalRequest }
  | { readonly type: 'Refuse'; readonly reason: string; readonly request?: ApprovalRequest };

export interface AskInputs {
  readonly host: string;
  readonly reason: DenialReason;
  /** What was tried: `GET /path`. */
  readonly sample?: string;
  /** What the operator's own copy of the policy says: a sidecar's word alone asks nobody. */
  readonly decision: Asked;
  /** Every request ever made of this question that still exists. */
  readonly rounds: readonly ApprovalRequest[];
  readonly pendingOfSandbox: number;
  readonly pendingOfNamespace: number;
  readonly nowMs: number;
}

export const maxPendingPerSandbox = 50;
export const maxPendingPerNamespace = 200;
const firstBackoffMs = 10 * 60_000;
const longestBackoffMs = 24 * 3_600_000;

export function decideAsk(inputs: AskInputs): AskDecision {
  const refusal = refusalOf(inputs);
  if (refusal !== undefined) return { type: 'Refuse', reason: refusal };
  const latest = inputs.rounds.toSorted((a, b) => roundOf(b) - roundOf(a))[0];
  if (latest === undefined) return withinCaps(inputs, 0);
  const phase = latest.status?.phase ?? 'Pending';
  if (phase === 'Denied') return afterDenial(inputs, latest);
  if (isBeyond(latest, inputs)) return withinCaps(inputs, roundOf(latest) + 1);
  return ended.has(phase) ? withinCaps(inputs, roundOf(latest) + 1) : { type: 'Count', request: latest };
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

/** A refused question waits longer each time it is refused. */
function afterDenial(inputs: AskInputs, latest: ApprovalRequest): AskDecision {
  const refusals = inputs.rounds.filter(({ status }) => status?.phase === 'Denied').length;
  const backoffMs = Math.min(firstBackoffMs * 2 ** (refusals - 1), longestBackoffMs);
  const sinceMs = Date.parse(latest.status?.decidedAt ?? latest.metadata.creationTimestamp);
  if (inputs.nowMs >= sinceMs + backoffMs) return withinCaps(inputs, roundOf(latest) + 1);
  const why = latest.spec.decision?.reason;
  return { type: 'Refuse', reason: why ? `Denied: ${why}` : 'Denied', request: latest };
}

function withinCaps({ pendingOfSandbox, pendingOfNamespace }: AskInputs, round: number): AskDecision {
  if (pendingOfSandbox >= maxPendingPerSandbox)
    return { type: 'Refuse', reason: `TooManyRequests: ${maxPendingPerSandbox} of this sandbox wait for a decision` };
  if (pendingOfNamespace >= maxPendingPerNamespace)
    return {
      type: 'Refuse',
      reason: `TooManyRequests: ${maxPendingPerNamespace} of this namespace wait for a decision`,
    };
  return { type: 'Create', round };
}

function roundOf({ metadata }: ApprovalRequest): number {
  return Number(metadata.annotations?.[annotations.round] ?? 0) || 0;
}
