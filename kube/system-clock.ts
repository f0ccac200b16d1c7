import type { Clock } from './types.ts';

/** setTimeout's bound: a longer wait would run at once. */
const maxDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, run, signal) => {
    if (signal.aborted) return;
    const stop = () => clearTimeout(timer);
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', stop);
        run();
      },
      Math.min(Math.max(0, delayMs), maxDelayMs),
    );
    signal.addEventListener('abort', stop, { once: true });
  },
};
