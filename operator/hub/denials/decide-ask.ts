// What a denial becomes: a new request, one more hit of an old one, or nothing. Pure.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { annotations } from '../../../crds/schema/group.ts';
import { classifyAddress, isNeverReachable } from '../../../engine/canonical/classify-address.ts';
import { parseIp } from '../../../engine/canonical/ip.ts';

export type AskDecision =
  | { readonly type: 'Create'; readonly round: number }
  | { readonly type: 'Count'; readonly request: ApprovalRequest }
  | { readonly type: 'Refuse'; readonly reason: string; readonly request?: ApprovalRequest };

export interface AskInputs {
  readonly host: string;
  /** What the sandbox's policy says of hosts it does not list. */
  readonly onUnlisted: 'Ask' | 'Deny';
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
  const address = parseIp(inputs.host);
  if (address !== undefined && isNeverReachable(classifyAddress(address)))
    return { type: 'Refuse', reason: `NeverAskable: ${inputs.host} is an address no policy may open` };
  if (inputs.onUnlisted === 'Deny') return { type: 'Refuse', reason: 'AskingIsOff: egress.onUnlisted is Deny' };
  const latest = inputs.rounds.toSorted((a, b) => roundOf(b) - roundOf(a))[0];
  if (latest === undefined) return withinCaps(inputs, 0);
  const phase = latest.status?.phase ?? 'Pending';
  if (phase === 'Denied') return afterDenial(inputs, latest);
  return ended.has(phase) ? withinCaps(inputs, roundOf(latest) + 1) : { type: 'Count', request: latest };
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
