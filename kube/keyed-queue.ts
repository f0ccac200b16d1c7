// Keys waiting to be reconciled: each at most once, none twice at the same time, failures come back later and later.
import { ApiError } from './api-error.ts';
import { backoffMs } from './backoff.ts';
import type { Clock, Key, Queue, Reconciler } from './types.ts';

export interface KeyedQueueOptions {
  readonly reconciler: Reconciler;
  /** How many different keys run at once. */
  readonly workers: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onFailure: (key: Key, error: unknown, retryInMs: number) => void;
}

const retry = { firstMs: 100, maxMs: 60_000 };

export class KeyedQueue implements Queue {
  readonly #options: KeyedQueueOptions;
  readonly #ready = new Set<Key>();
  /** Added again while running: runs once more afterwards. */
  readonly #dirty = new Set<Key>();
  readonly #running = new Set<Key>();
  readonly #later = new Map<Key, { readonly atMs: number; readonly cancel: AbortController }>();
  readonly #failures = new Map<Key, number>();
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: KeyedQueueOptions) {
    this.#options = options;
  }

  add(key: Key): void {
    if (this.#options.signal.aborted) return;
    this.#forgetLater(key);
    if (this.#running.has(key)) this.#dirty.add(key);
    else this.#ready.add(key);
    this.#fill();
  }

  addAfter(key: Key, delayMs: number): void {
    const { clock, signal } = this.#options;
    const atMs = clock.nowMs() + delayMs;
    const planned = this.#later.get(key);
    if (signal.aborted || (planned && planned.atMs <= atMs)) return;
    this.#forgetLater(key);
    const cancel = new AbortController();
    this.#later.set(key, { atMs, cancel });
    clock.after(delayMs, () => this.add(key), AbortSignal.any([signal, cancel.signal]));
  }

  /** Resolves when nothing runs: after the signal has aborted, that what had begun is done. */
  async idle(): Promise<void> {
    if (this.#running.size === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  get size(): number {
    return this.#ready.size + this.#dirty.size + this.#running.size;
  }

  #fill(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.workers || this.#options.signal.aborted) return;
      this.#ready.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: Key): Promise<void> {
    const { reconciler, signal } = this.#options;
    try {
      const result = await reconciler.reconcile(key, signal);
      this.#failures.delete(key);
      if (result.type === 'Again') this.addAfter(key, result.afterMs);
    } catch (error) {
      this.#retry(key, error);
    } finally {
      this.#finish(key);
    }
  }

  #retry(key: Key, error: unknown): void {
    const { onFailure, random, signal } = this.#options;
    if (signal.aborted) return;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const askedMs = error instanceof ApiError ? (error.failure.retryAfterMs ?? 0) : 0;
    const retryInMs = Math.max(askedMs, backoffMs(failures, { ...retry, random }));
    onFailure(key, error, retryInMs);
    this.addAfter(key, retryInMs);
  }

  #finish(key: Key): void {
    this.#running.delete(key);
    if (this.#dirty.delete(key)) this.#ready.add(key);
    this.#fill();
    if (this.#running.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }

  #forgetLater(key: Key): void {
    this.#later.get(key)?.cancel.abort();
    this.#later.delete(key);
  }
}
