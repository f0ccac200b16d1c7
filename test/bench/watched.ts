// Waiting for what a watch shows, bounded, and ended at once by an interruption.
import type { ObjectStore } from '../../kube/object-store.ts';
import type { KubeObject } from '../../kube/types.ts';

export interface Waiting {
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Resolves in the tick in which `look` finds something in the store, with when that was (performance.now, ms). */
export function untilWatched<T extends KubeObject, Found>(
  store: ObjectStore<T>,
  look: () => Found | undefined,
  { what, timeoutMs, signal }: Waiting,
): Promise<{ readonly atMs: number; readonly found: Found }> {
  const ending = new AbortController();
  return new Promise<{ readonly atMs: number; readonly found: Found }>((resolve, reject) => {
    const settle = () => {
      const found = look();
      if (found !== undefined) resolve({ atMs: performance.now(), found });
    };
    const giveUp = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const fail = () =>
      reject(signal.aborted ? new Error('interrupted') : new Error(`${what}: not within ${timeoutMs} ms`));
    if (giveUp.aborted) return fail();
    giveUp.addEventListener('abort', fail, { once: true, signal: ending.signal });
    store.subscribe(settle, ending.signal);
    settle();
  }).finally(() => ending.abort());
}
