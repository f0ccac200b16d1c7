import type { Clock } from './types.ts';

/** Resolves after `delayMs`, or as soon as the signal aborts: the caller's loop looks at the signal anyway. */
export function wait(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve();
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    clock.after(delayMs, done, signal);
  });
}
