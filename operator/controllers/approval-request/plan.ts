// The life of one ApprovalRequest, from what a person decided, what the sidecar enforces and what time it is. Pure.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { durationMs } from '../../../crds/schema/duration-ms.ts';
import { defaultSnoozeMs } from '../../hub/denials/standing-of.ts';
import { type Counted, countUses } from './count-uses.ts';
import { grantedCondition } from './granted-condition.ts';

export type ApprovalStatus = NonNullable<ApprovalRequest['status']>;
export type Phase = NonNullable<ApprovalStatus['phase']>;

export interface ApprovalWorld {
  readonly request: ApprovalRequest;
  readonly nowMs: number;
  /** When this operator saw the present verdict; a decision made while nobody watched counts from now. */
  readonly decisionSeenMs: number;
  /** When the sandbox's pod was made; absent: it has none. */
  readonly podCreatedMs?: number;
  /** The sidecar's ack of a revision that holds this grant; for a GPU the pod that has it, by its uid. */
  readonly enforced?: { readonly revision: string; readonly atMs: number };
  /** What the sandbox's sidecar says of the uses, as far as it is connected. */
  readonly counted?: Counted;
  /** What to look twice at before approving. */
  readonly warnings?: readonly string[];
  /** Why an approved request is not in force: a ceiling, a scope that this version cannot bound. */
  readonly refusal?: string;
  /** For a GPU: whether the Sandbox still wants just this one. */
  readonly isStale?: boolean;
  /** The rule by which policy allows what was asked for, or all that was granted. */
  readonly answeredBy?: string;
}

export interface ApprovalPlan {
  /** The whole of the fields that this controller owns. */
  readonly status: ApprovalStatus;
  readonly againAfterMs?: number;
}

type Decision = NonNullable<ApprovalRequest['spec']['decision']>;
const maxHistory = 10;
export const endedPhases: ReadonlySet<Phase> = new Set(['Denied', 'Expired', 'Revoked', 'Superseded']);

export function planApproval(seen: ApprovalWorld): ApprovalPlan {
  const world = withoutPassingRefusal(seen);
  const { request, nowMs } = world;
  const { decision } = request.spec;
  const before = request.status ?? {};
  if (decision === undefined) {
    const superseded = supersededBy(world);
    const phase = superseded === undefined ? 'Pending' : 'Superseded';
    return withHistory(world, { ...ownFields(before), phase }, superseded);
  }
  const decided = decide(world, decision, before);
  const remainingMs = decided.expiresAt === undefined ? undefined : Date.parse(decided.expiresAt) - nowMs;
  const plan = withHistory(world, decided, messageOf(world, decision, decided.phase));
  return remainingMs !== undefined && remainingMs > 0 && !endedPhases.has(decided.phase ?? 'Pending')
    ? { ...plan, againAfterMs: remainingMs }
    : plan;
}

/** Who counts the uses is written by this very plan; that it was not known before is over with it, and is no refusal to tell of. */
function withoutPassingRefusal(world: ApprovalWorld): ApprovalWorld {
  if (world.counted?.countedBy === undefined || world.request.status?.countedBy !== undefined) return world;
  const { refusal: _refusal, ...rest } = world;
  return rest;
}

/** Times are set once, when the verdict is news; after that only time and the sidecar move the phase. */
function decide(world: ApprovalWorld, decision: Decision, before: ApprovalStatus): ApprovalStatus {
  // Of the spec only the decision can change: another generation is another decision.
  const isNews = before.decidedAt === undefined || before.observedGeneration !== world.request.metadata.generation;
  const decidedMs = isNews ? world.decisionSeenMs : Date.parse(before.decidedAt ?? '');
  const decidedAt = new Date(decidedMs).toISOString();
  const kept = isNews ? {} : ownFields(before);
  switch (decision.verdict) {
    case 'Deny':
      return { ...kept, phase: 'Denied', decidedAt };
    case 'Revoke': {
      // It has ended: a time to come would look like something that still holds.
      const { expiresAt: _expiresAt, ...rest } = ownFields(before);
      return { ...rest, phase: 'Revoked', decidedAt };
    }
    case 'Snooze': {
      if (supersededBy(world) !== undefined) return { ...kept, phase: 'Superseded', decidedAt };
      const untilMs = decidedMs + (durationMs(decision.for ?? '') || defaultSnoozeMs);
      const phase = untilMs <= world.nowMs ? 'Pending' : 'Snoozed';
      return { ...kept, phase, decidedAt, expiresAt: new Date(untilMs).toISOString() };
    }
    case 'Approve':
      return approve(world, decision, { ...kept, decidedAt }, decidedMs);
    default:
      return decision.verdict satisfies never;
  }
}

function approve(world: ApprovalWorld, decision: Decision, kept: ApprovalStatus, decidedMs: number): ApprovalStatus {
  const phase = kept.phase;
  if (phase === 'Expired' || phase === 'Superseded') return kept;
  const lengthMs = durationMs(decision.for ?? '');
  const expiry = Number.isNaN(lengthMs) ? {} : { expiresAt: new Date(decidedMs + lengthMs).toISOString() };
  const { fields, over } = countUses(decision.maxUses, kept, world.counted);
  const status = { ...kept, ...expiry, ...fields };
  if (over !== undefined) return { ...status, phase: 'Expired' };
  if (hasExpired(world, decision, status, decidedMs)) return { ...status, phase: 'Expired' };
  if (supersededBy(world) !== undefined) return { ...status, phase: 'Superseded' };
  const { enforced } = world;
  if (enforced === undefined) return { ...status, phase: phase ?? 'Approved' };
  return {
    ...status,
    phase: 'Enforced',
    enforcedRevision: kept.enforcedRevision ?? enforced.revision,
    enforcedInMs: kept.enforcedInMs ?? Math.max(0, Math.round(enforced.atMs - world.decisionSeenMs)),
  };
}

/** Why nobody need decide, or nothing need be granted, any more. */
function supersededBy({ answeredBy, isStale }: ApprovalWorld): string | undefined {
  if (isStale) return 'the Sandbox wants another GPU now, or none';
  return answeredBy === undefined ? undefined : `answered by ${answeredBy}`;
}

/** A grant for the session ends with the pod it was given for; one for a GPU begins before there is a pod. */
function hasExpired(
  world: ApprovalWorld,
  decision: Decision,
  { expiresAt, phase, enforcedRevision }: ApprovalStatus,
  decidedMs: number,
): boolean {
  if (expiresAt !== undefined) return Date.parse(expiresAt) <= world.nowMs;
  if (decision.for !== 'session') return false;
  if (world.request.spec.type === 'GPU') return phase === 'Enforced' && world.enforced?.revision !== enforcedRevision;
  return world.podCreatedMs === undefined || world.podCreatedMs > decidedMs;
}

function messageOf(world: ApprovalWorld, decision: Decision, phase: Phase | undefined): string | undefined {
  const superseded = supersededBy(world);
  if (phase === 'Superseded' && superseded !== undefined) return superseded;
  const { over } = countUses(decision.maxUses, world.request.status ?? {}, world.counted);
  if (phase === 'Expired' && over !== undefined) return over;
  return decision.verdict === 'Approve' && world.refusal !== undefined
    ? `not in force: ${world.refusal}`
    : decision.reason;
}

/** One line a phase, and the end's time where the phase is an end. Hits and samples are the hub's, not ours. */
function withHistory(world: ApprovalWorld, status: ApprovalStatus, message: string | undefined): ApprovalPlan {
  const before = world.request.status ?? {};
  const phase = status.phase ?? 'Pending';
  const at = new Date(world.nowMs).toISOString();
  const isNew = before.phase !== phase;
  const by = world.request.spec.decision?.by;
  const entry = {
    at,
    phase,
    ...(by === undefined ? {} : { by }),
    ...(message === undefined ? {} : { message: message.slice(0, 512) }),
  };
  const history = isNew ? [...(before.history ?? []), entry].slice(-maxHistory) : before.history;
  const endedAt = endedPhases.has(phase) ? ((isNew ? undefined : before.endedAt) ?? at) : undefined;
  const { endedAt: _ended, history: _history, ...rest } = status;
  return {
    status: {
      ...rest,
      observedGeneration: world.request.metadata.generation,
      ...(world.warnings === undefined ? {} : { warnings: [...world.warnings] }),
      ...(history === undefined ? {} : { history }),
      ...(endedAt === undefined ? {} : { endedAt }),
      conditions: [grantedCondition(world, phase, history?.at(-1)?.message, at)],
    },
  };
}

function ownFields({
  hits: _hits,
  samples: _samples,
  firstSeen: _first,
  lastSeen: _last,
  ...own
}: ApprovalStatus): ApprovalStatus {
  return own;
}
