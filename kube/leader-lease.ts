// One operator leads at a time: a coordination.k8s.io Lease, taken by observed time (nobody's clock is believed) and by
// resourceVersion. Every acquisition has a higher epoch than all before, which orders snapshots across restarts.
import type { Lease } from './lease.ts';
import { freeLease, isHeldBy, leases, renewedLease, takenLease } from './lease.ts';
import { runWatch } from './run-watch.ts';
import type { Transport } from './transport.ts';
import type { Clock, KubeClient, ObjectName } from './types.ts';
import { wait } from './wait.ts';

export interface LeaderLeaseOptions {
  /** Not fenced by the lease itself. */
  readonly client: KubeClient;
  readonly transport: Transport;
  readonly lease: Required<ObjectName>;
  /** Unique to this process, not to its pod: a restarted container is somebody else. */
  readonly identity: string;
  readonly clock: Clock;
  /** Does not jump; ms. */
  readonly monotonicMs: () => number;
  readonly random: () => number;
  readonly timing?: LeaseTiming;
  readonly onTrouble: (message: string) => void;
}

export interface LeaseTiming {
  /** Unrenewed for so long, others may take it. */
  readonly durationMs: number;
  /** Unrenewed for so long, its holder stops: well before others may begin. */
  readonly deadlineMs: number;
  readonly renewMs: number;
}

export interface Leadership {
  readonly epoch: number;
  /** Aborts when the lease was not renewed in time or somebody else has it. */
  readonly lost: AbortSignal;
  /** To be asked before each write: a paused process learns of its loss here first. */
  isCurrent(): boolean;
  /** Hands over at once. Call it when nothing that only the leader may do is under way. */
  release(): Promise<void>;
}

const defaultTiming: LeaseTiming = { durationMs: 15_000, deadlineMs: 10_000, renewMs: 2_000 };

/** Waits until this process leads. Rejects only when the signal aborts. */
export async function acquireLeadership(options: LeaderLeaseOptions, signal: AbortSignal): Promise<Leadership> {
  const { timing = defaultTiming, clock, random, monotonicMs, onTrouble } = options;
  const observed = observeLease(options, signal);
  try {
    for (;;) {
      signal.throwIfAborted();
      const startedMs = monotonicMs();
      const lease = await attempt(options, observed.unchangedMs()).catch((error: unknown) => onTrouble(String(error)));
      if (lease) return lead(options, timing, lease, startedMs, signal);
      await Promise.race([observed.changed(), wait(timing.renewMs * (0.75 + random() / 2), clock, signal)]);
    }
  } finally {
    observed.stop();
  }
}

/** The lease if it could be taken now. */
async function attempt(options: LeaderLeaseOptions, unchangedMs: number | undefined): Promise<Lease | undefined> {
  const { client, lease: name, identity, clock, timing = defaultTiming } = options;
  const current = await client.get(leases, name);
  const free = current === undefined || isHeldBy(current, '') || (unchangedMs ?? 0) > durationOf(current, timing);
  if (!free) return undefined;
  const taken = takenLease(name, current, { identity, durationMs: timing.durationMs, nowMs: clock.nowMs() });
  const written = current ? await client.mergePatch(leases, name, taken) : await client.create(leases, taken);
  return written.ok ? written.object : undefined;
}

function durationOf({ spec }: Lease, timing: LeaseTiming): number {
  return spec?.leaseDurationSeconds === undefined ? timing.durationMs : spec.leaseDurationSeconds * 1000;
}

/** Since when the lease has looked the same, by our own clock; a release is seen as it happens. */
function observeLease({ transport, lease, clock, random, monotonicMs }: LeaderLeaseOptions, outer: AbortSignal) {
  const stop = new AbortController();
  let seenAtMs: number | undefined;
  let change = Promise.withResolvers<void>();
  const onChange = () => {
    seenAtMs = monotonicMs();
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  const scope = { namespace: lease.namespace, fieldSelector: `metadata.name=${lease.name}` };
  const signal = AbortSignal.any([outer, stop.signal]);
  void runWatch({ resource: leases, scope, transport, clock, random, onChange, onTrouble: () => undefined }, signal);
  return {
    unchangedMs: () => (seenAtMs === undefined ? undefined : monotonicMs() - seenAtMs),
    changed: () => change.promise,
    stop: () => stop.abort(),
  };
}

function lead(
  options: LeaderLeaseOptions,
  timing: LeaseTiming,
  first: Lease,
  takenAtMs: number,
  signal: AbortSignal,
): Leadership {
  const { client, lease: name, clock, monotonicMs, onTrouble } = options;
  const lost = new AbortController();
  const released = new AbortController();
  let held = first;
  let renewedAtMs = takenAtMs;
  const isCurrent = () => !lost.signal.aborted && monotonicMs() - renewedAtMs < timing.deadlineMs;
  const renew = async () => {
    const startedMs = monotonicMs();
    const written = await client.mergePatch(leases, name, renewedLease(held, clock.nowMs()));
    if (!written.ok) return lost.abort(new Error(written.refusal.message));
    held = written.object;
    renewedAtMs = startedMs;
  };
  const ends = AbortSignal.any([signal, released.signal, lost.signal]);
  const keep = async () => {
    while (!ends.aborted) {
      await wait(timing.renewMs, clock, ends);
      if (ends.aborted) return;
      await renew().catch((error: unknown) => onTrouble(`lease not renewed: ${String(error)}`));
      if (!isCurrent()) lost.abort(new Error('the lease was not renewed in time'));
    }
  };
  const kept = keep();
  return {
    epoch: first.spec?.leaseTransitions ?? 0,
    lost: lost.signal,
    isCurrent,
    release: async () => {
      released.abort();
      await kept;
      if (isCurrent()) await client.mergePatch(leases, name, freeLease(held));
      lost.abort(new Error('the lease was released'));
    },
  };
}
