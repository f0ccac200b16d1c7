// Approved requests of one sandbox into grants. The approval is the grant: nothing else about policy changes.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { durationMs } from '../../crds/schema/duration-ms.ts';
import type { Grant, Grants } from '../../protocol/snapshot.ts';
import { parseRequestTarget } from '../canonical/request-target.ts';
import { type Ceiling, grantBeyond } from './ceiling.ts';
import { sampledRequests } from './sampled-requests.ts';
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
    const grant = request.spec.type === 'GPU' ? gpuRefusal(request, inputs) : grantOf(request, inputs);
    if (grant === undefined) continue;
    if (typeof grant === 'string') refusals.set(request.metadata.name, grant);
    else items.push(grant);
  }
  items.sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  return { grants: { hash: stableHash(items), items }, refusals };
}

/** What is longer is `forever` by another word, which needs a ceiling that lets it. */
const longestGrantMs = 365 * 24 * 3_600_000;

const ended: ReadonlySet<string> = new Set(['Denied', 'Expired', 'Revoked', 'Superseded']);

function isApproved(request: ApprovalRequest, sandboxUid: string): boolean {
  const { metadata, spec } = request;
  return (
    spec.sandbox.uid === sandboxUid &&
    spec.decision?.verdict === 'Approve' &&
    metadata.deletionTimestamp === undefined &&
    // What its last use has opened goes on until the time is over.
    (!ended.has(statusOf(request)?.phase ?? 'Pending') || isUsedUp(request))
  );
}

/** What a status says of an earlier decision (denied or put off first, approved now) says nothing about this one. */
function statusOf({ metadata, status }: ApprovalRequest): ApprovalRequest['status'] {
  return status?.observedGeneration === metadata.generation ? status : undefined;
}

function isUsedUp(request: ApprovalRequest): boolean {
  const status = statusOf(request);
  return status?.phase === 'Expired' && status.usesLeft === 0;
}

/** The grant, or why there is none. What this version cannot bound it does not grant. */
function grantOf(request: ApprovalRequest, inputs: GrantInputs): Grant | string {
  const { egress, decision } = request.spec;
  if (egress === undefined || decision === undefined) return 'spec.egress is missing';
  const scope = decision.scope ?? (egress.binary === undefined ? 'Endpoint' : 'Binary');
  const requests = scope === 'Request' ? requestsOf(request) : undefined;
  if (typeof requests === 'string') return requests;
  if (scope === 'Binary' && egress.binary === undefined)
    return 'scope Binary needs a known binary; this request has none, approve with scope Endpoint';
  const expiry = expiryOf(request, inputs);
  if (typeof expiry === 'string') return expiry;
  if (expiry.expiresAtMs !== undefined && expiry.expiresAtMs <= inputs.nowMs) return 'expired';
  const uses = usesOf(request);
  if (typeof uses === 'string') return uses;
  const { host, port, binary } = egress;
  const grant: Grant = {
    id: request.metadata.name,
    host,
    port,
    ...(requests === undefined ? {} : { requests }),
    ...(scope !== 'Endpoint' && binary !== undefined ? { binary: { path: binary.path, sha256: binary.sha256 } } : {}),
    ...expiry,
    ...uses,
  };
  const ceiling = inputs.ceilings.find(candidate => grantBeyond(candidate, grant));
  return ceiling === undefined ? grant : `beyond the ceiling of ${ceiling.policy}`;
}

/** A GPU is no grant of the sidecar's; who may have it for how long is decided by the same ceilings. */
function gpuRefusal(request: ApprovalRequest, inputs: GrantInputs): string | undefined {
  const { decision } = request.spec;
  if (decision?.maxUses !== undefined) return 'maxUses counts connections; approve a GPU for a time';
  // The pod comes after the approval.
  if (decision?.for === 'session') return undefined;
  const expiry = expiryOf(request, inputs);
  return typeof expiry === 'string' ? expiry : undefined;
}

/** Who counts is written down before anything is granted: whatever crashes then, nobody else counts anew. */
function usesOf(request: ApprovalRequest): Pick<Grant, 'uses'> | string {
  const max = request.spec.decision?.maxUses;
  if (max === undefined) return {};
  const countedBy = statusOf(request)?.countedBy;
  if (countedBy === undefined) return 'its uses are counted by the sandbox, which is not connected (yet)';
  return { uses: { max, countedBy, ...(isUsedUp(request) ? { areUsedUp: true } : {}) } };
}

/**
 * Scope Request: exactly these methods and paths, by the binary that asked where it is known. Without a list it is the one
 * request that was seen; with several seen a person must say which. A query is no part of it.
 */
function requestsOf({ spec, status }: ApprovalRequest): NonNullable<Grant['requests']> | string {
  const listed = spec.decision?.requests ?? [];
  const seen = listed.length > 0 ? listed : sampledRequests(spec.egress?.host ?? '', status?.samples ?? []);
  const distinct = [...new Map(seen.map(one => [`${one.method} ${one.path}`, one])).values()];
  if (distinct.length === 0 || (listed.length === 0 && distinct.length > 1))
    return 'scope Request needs requests: [{method, path}], the ones to allow; approve with them, or with scope Binary or Endpoint';
  const requests: { method: string; path: string }[] = [];
  for (const { method, path } of distinct) {
    const parsed = parseRequestTarget(path);
    if (!/^[A-Z][A-Z-]*$/.test(method)) return `requests: ${JSON.stringify(method)} is no method; write it like GET`;
    if (!parsed.ok)
      return `requests: path ${JSON.stringify(path)} is no single path (${parsed.problem}); write it without dots or escapes`;
    requests.push({ method, path: parsed.target.path });
  }
  return requests;
}

function expiryOf(request: ApprovalRequest, inputs: GrantInputs): { readonly expiresAtMs?: number } | string {
  const duration = request.spec.decision?.for ?? '';
  const status = statusOf(request);
  const decidedMs = timeOf(status?.decidedAt) ?? inputs.nowMs;
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
  if (lengthMs > longestGrantMs)
    return `for: ${duration} is longer than a year (8760h); give a shorter time, or forever where a ceiling lets it`;
  const shorter = inputs.ceilings.find(({ spec }) => lengthMs > (durationMs(spec.maxDuration ?? '') || Infinity));
  if (shorter !== undefined)
    return `for: ${duration} is longer than maxDuration ${shorter.spec.maxDuration} in the ceiling of ${shorter.policy}`;
  // The earlier of what was written down and what follows from the decision: an edited status cannot lengthen a grant.
  const writtenMs = timeOf(status?.expiresAt) ?? Infinity;
  return { expiresAtMs: Math.min(writtenMs, decidedMs + lengthMs) };
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
