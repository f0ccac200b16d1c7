// Tells people of requests that wait: at most one message in a time, made of what still waits as it is sent. It only listens to the
// store; nothing of an approval ever waits for it.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { backoffMs } from '../../kube/backoff.ts';
import type { Clock, Store } from '../../kube/types.ts';
import type { Namespace } from '../core-types.ts';
import type { Counters } from '../counters.ts';
import { buildDigest } from './build-digest.ts';
import { formatMessage } from './format-message.ts';
import { mutedUntilMs } from './mute.ts';
import type { NotifierSettings } from './notifier-settings.ts';
import { createPoster } from './post-message.ts';

export interface NotifierOptions {
  readonly settings: NotifierSettings;
  readonly requests: Store<ApprovalRequest>;
  readonly sandboxes: Store<Sandbox>;
  readonly namespaces: Store<Namespace>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly counters: Pick<Counters, 'notified'>;
  readonly warn: (message: string) => void;
  readonly pace?: NotifierPace;
}

export interface NotifierPace {
  /** What comes within it is told together. */
  readonly gatherMs: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
}

const usualPace: NotifierPace = { gatherMs: 1_000, firstRetryMs: 2_000, longestRetryMs: 300_000 };

/** Requests to be told of; beyond them they are counted as dropped. */
export const maxQueued = 1_000;
/** A timer cannot wait for months. */
const longestWaitMs = 3_600_000;

/** Resolves when, after the abort, nothing is under way. */
export async function runNotifier(options: NotifierOptions, signal: AbortSignal): Promise<void> {
  const { settings, requests, clock, counters, pace = usualPace } = options;
  const { gatherMs } = pace;
  const { post, close } = createPoster(settings);
  /** By uid, in the order they came. */
  const queued = new Map<string, ApprovalRequest>();
  const told = new Set<string>();
  let timer: { readonly atMs: number; readonly end: AbortController } | undefined;
  let flushing: Promise<void> | undefined;
  let notBeforeMs = 0;
  let failures = 0;

  const take = (request: ApprovalRequest) => {
    const { uid } = request.metadata;
    if (!isWaiting(request)) {
      queued.delete(uid);
      told.delete(uid);
      return;
    }
    if (told.has(uid) || queued.has(uid)) return;
    if (queued.size >= maxQueued) {
      told.add(uid);
      return counters.notified('Dropped', 1);
    }
    queued.set(uid, request);
    plan(gatherMs);
  };

  /** The earliest of several wins; a flush under way plans what comes after it. */
  function plan(waitMs: number): void {
    if (signal.aborted || flushing !== undefined) return;
    const atMs = Math.max(clock.nowMs() + Math.min(waitMs, longestWaitMs), notBeforeMs);
    if (timer !== undefined && timer.atMs <= atMs) return;
    timer?.end.abort();
    timer = { atMs, end: new AbortController() };
    const run = () => {
      timer = undefined;
      flushing = flushAndPlan();
    };
    clock.after(atMs - clock.nowMs(), run, AbortSignal.any([signal, timer.end.signal]));
  }

  async function flushAndPlan(): Promise<void> {
    let next: number | undefined;
    try {
      next = await flush();
    } catch (error) {
      options.warn(`notification not made: ${String(error)}`);
      next = pace.longestRetryMs;
    }
    flushing = undefined;
    if (next !== undefined) plan(next);
  }

  /** Answers when to look again, where something is left. */
  async function flush(): Promise<number | undefined> {
    const { ready, laterMs } = sortOut();
    if (ready.length === 0) return laterMs;
    const outcome = await post(formatMessage(buildDigest(ready), settings.format), signal);
    if (signal.aborted) return undefined;
    if (outcome.type === 'TryAgain') {
      counters.notified('Failed', 1);
      const waitMs =
        outcome.afterMs ??
        backoffMs(failures++, { firstMs: pace.firstRetryMs, maxMs: pace.longestRetryMs, random: options.random });
      options.warn(`notification not delivered (${outcome.why}); again in ${Math.round(waitMs / 1000)} s`);
      notBeforeMs = clock.nowMs() + waitMs;
      return waitMs;
    }
    failures = 0;
    notBeforeMs = clock.nowMs() + settings.digestMs;
    for (const { metadata } of ready) {
      queued.delete(metadata.uid);
      told.add(metadata.uid);
    }
    if (outcome.type === 'Sent') counters.notified('Sent', 1);
    else {
      counters.notified('Dropped', ready.length);
      options.warn(`notification refused (${outcome.why}); ${ready.length} requests were not told of`);
    }
    return queued.size > 0 ? gatherMs : undefined;
  }

  /** Muted for a time stays queued, muted for good goes. */
  function sortOut(): { readonly ready: readonly ApprovalRequest[]; readonly laterMs?: number } {
    const nowMs = clock.nowMs();
    const ready: ApprovalRequest[] = [];
    let laterMs = Number.POSITIVE_INFINITY;
    for (const [uid, { metadata, spec }] of queued) {
      const request = requests.get(metadata);
      if (request?.metadata.uid !== uid || !isWaiting(request)) {
        queued.delete(uid);
        continue;
      }
      const untilMs = mutedUntilMs(
        options.namespaces.get({ name: metadata.namespace })?.metadata.annotations,
        options.sandboxes.byUid(spec.sandbox.uid)?.metadata.annotations,
      );
      if (untilMs === Number.POSITIVE_INFINITY) {
        queued.delete(uid);
        told.add(uid);
        counters.notified('Muted', 1);
      } else if (untilMs > nowMs) laterMs = Math.min(laterMs, untilMs - nowMs);
      else ready.push(request);
    }
    return Number.isFinite(laterMs) ? { ready, laterMs } : { ready };
  }

  requests.subscribe(({ type, object }) => {
    if (type !== 'Deleted') return take(object);
    queued.delete(object.metadata.uid);
    told.delete(object.metadata.uid);
  }, signal);
  for (const request of requests.list()) take(request);
  await new Promise<void>(resolve => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await flushing;
  await close();
}

/** Nobody has decided; what was put off waits again once its time is over. */
function isWaiting({ metadata, spec, status }: ApprovalRequest): boolean {
  const verdict = spec.decision?.verdict;
  const isOpen = (verdict === undefined || verdict === 'Snooze') && (status?.phase ?? 'Pending') === 'Pending';
  const isOld = verdict === 'Snooze' && status?.observedGeneration !== metadata.generation;
  return isOpen && !isOld && metadata.deletionTimestamp === undefined;
}
