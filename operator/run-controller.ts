import { KeyedQueue } from '../kube/keyed-queue.ts';
import type { Clock, Queue, Reconciler } from '../kube/types.ts';
import type { Counters } from './counters.ts';
import type { Log } from './log.ts';

export interface ControllerContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly counters: Counters;
}

const workers = 8;

/** A queue that reconciles what `watch` puts into it; resolves when, after the abort, nothing runs any more. */
export function runController(
  reconciler: Reconciler,
  watch: (queue: Queue, signal: AbortSignal) => void,
  { clock, random, log, counters }: ControllerContext,
  signal: AbortSignal,
): { readonly idle: () => Promise<void> } {
  const counted: Reconciler = {
    name: reconciler.name,
    reconcile: async (key, until) => {
      const result = await reconciler.reconcile(key, until);
      counters.reconciled(reconciler.name, 'Done');
      return result;
    },
  };
  const queue = new KeyedQueue({
    reconciler: counted,
    workers,
    clock,
    random,
    signal,
    onFailure: (key, error, retryInMs) => {
      counters.reconciled(reconciler.name, 'Failed');
      log.warn(
        { controller: reconciler.name, key, retryInMs: Math.round(retryInMs), error: String(error) },
        'reconcile failed',
      );
    },
  });
  watch(queue, signal);
  return { idle: () => queue.idle() };
}
