import type { Clock } from '../types.ts';

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  #timers: { readonly atMs: number; readonly run: () => void; readonly signal: AbortSignal }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void, signal: AbortSignal): void {
    this.#timers.push({ atMs: this.#nowMs + delayMs, run, signal });
  }

  /** Runs what is due on the way, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (!next.signal.aborted) next.run();
    }
    this.#nowMs = untilMs;
  }
}
