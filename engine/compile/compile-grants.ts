// Approved requests of one sandbox into grants. The approval is the grant: nothing else about policy changes.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { durationMs } from '../../crds/schema/duration-ms.ts';
import type { Grant, Grants } from '../../protocol/snapshot.ts';
import { type Ceiling, grantBeyond } from './ceiling.ts';
import { stableHash } from './stable-hash.ts';

export interface GrantInputs {
  readonly sandboxUid: string;
  readonly requests: readonly ApprovalRequest[];
  readonly ceilings: readonly Ceiling[];
  /** When the sandbox's present pod was made; absent: no pod, and grants `for: session` do not hold. */
  readonly podCreatedMs?: number;
  readonly nowMs: number;
}

export interface GrantsResult {
  readonly grants: Grants;
  /** Approved, but not in force: why, by request name. */
  readonly refusals: ReadonlyMap<string, string>;
}

export function compileGrants(inputs: GrantInputs): GrantsResult {
  const items: Grant[] = [];
  const refusals = new Map<string, string>();
  for (const request of inputs.requests) {
    if (!isApproved(request, inputs.sandboxUid)) continue;
    const grant = grantOf(request, inputs);
    if (typeof grant === 'string') refusals.set(request.metadata.name, grant);
    else items.push(grant);
  }
  items.sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  return { grants: { hash: stableHash(items), items }, refusals };
}

const ended: ReadonlySet<string> = new Set(['Denied', 'Expired', 'Revoked', 'Superseded']);

function isApproved({ metadata, spec, status }: ApprovalRequest, sandboxUid: string): boolean {
  return (
    spec.type === 'Egress' &&
    spec.sandbox.uid === sandboxUid &&
    spec.decision?.verdict === 'Approve' &&
    metadata.deletionTimestamp === undefined &&
    // A request denied first and approved now still says Denied until its status is written.
    (status?.phase === 'Denied' || !ended.has(status?.phase ?? 'Pending'))
  );
}

/** The grant, or why there is none. What this version cannot bound it does not grant. */
function grantOf(request: ApprovalRequest, inputs: GrantInputs): Grant | string {
  const { egress, decision } = request.spec;
  if (egress === undefined || decision === undefined) return 'spec.egress is missing';
  if (egress.reason !== 'NotListed' || decision.scope === 'Request')
    return 'scope Request needs HTTP inspection, which this version lacks; approve with scope Binary or Endpoint';
  if (decision.maxUses !== undefined)
    return 'maxUses is not counted by this version; approve without it, for a short time';
  const scope = decision.scope ?? (egress.binary === undefined ? 'Endpoint' : 'Binary');
  if (scope === 'Binary' && egress.binary === undefined)
    return 'scope Binary needs a known binary; this request has none, approve with scope Endpoint';
  const expiry = expiryOf(request, inputs);
  if (typeof expiry === 'string') return expiry;
  if (expiry.expiresAtMs !== undefined && expiry.expiresAtMs <= inputs.nowMs) return 'expired';
  const { host, port, binary } = egress;
  const grant: Grant = {
    id: request.metadata.name,
    host,
    port,
    ...(scope === 'Binary' && binary !== undefined ? { binary: { path: binary.path, sha256: binary.sha256 } } : {}),
    ...expiry,
  };
  const ceiling = inputs.ceilings.find(candidate => grantBeyond(candidate, grant));
  return ceiling === undefined ? grant : `beyond the ceiling of ${ceiling.policy}`;
}

function expiryOf(request: ApprovalRequest, inputs: GrantInputs): { readonly expiresAtMs?: number } | string {
  const duration = request.spec.decision?.for ?? '';
  const decidedMs = timeOf(request.status?.decidedAt) ?? inputs.nowMs;
  if (duration === 'session') {
    const isSamePod = inputs.podCreatedMs !== undefined && decidedMs >= inputs.podCreatedMs;
    return isSamePod ? {} : 'the session it was approved for has ended';
  }
  if (duration === 'forever') {
    const isAllowed = inputs.ceilings.some(({ spec }) => spec.allowForever === true);
    return isAllowed ? {} : 'for: forever needs a ClusterEgressPolicy with ceiling.allowForever: true';
  }
  const lengthMs = durationMs(duration);
  if (!Number.isFinite(lengthMs)) return `for: ${JSON.stringify(duration)} is no duration; write it like 1h`;
  const longestMs = Math.min(...inputs.ceilings.map(({ spec }) => durationMs(spec.maxDuration ?? '') || Infinity));
  if (lengthMs > longestMs) return `for: ${duration} is longer than a ceiling's maxDuration`;
  // The earlier of what was written down and what follows from the decision: an edited status cannot lengthen a grant.
  const writtenMs = timeOf(request.status?.expiresAt) ?? Infinity;
  return { expiresAtMs: Math.min(writtenMs, decidedMs + lengthMs) };
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
