// Hits of one request: exact in memory, written the first two times at once and then at most every ten seconds.

export interface HitStatus {
  readonly hits: number;
  readonly samples: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export const flushEveryMs = 10_000;
const maxSamples = 10;
const maxSampleLength = 512;
/** Of all samples together: a request stays small, whatever an agent asks for. */
const maxSamplesLength = 2048;

export class HitCounter {
  #hits: number;
  #samples: readonly string[];
  readonly #firstSeenMs: number;
  #lastSeenMs: number;
  #writtenHits: number;
  #writes = 0;
  #lastWriteMs = Number.NEGATIVE_INFINITY;

  /** `before` is what an operator before us has written. */
  constructor(nowMs: number, before?: { hits?: number; samples?: readonly string[]; firstSeen?: string }) {
    this.#hits = before?.hits ?? 0;
    this.#writtenHits = this.#hits;
    this.#samples = before?.samples ?? [];
    this.#firstSeenMs = before?.firstSeen === undefined ? nowMs : Date.parse(before.firstSeen);
    this.#lastSeenMs = nowMs;
    // A request of an earlier operator had its two immediate writes.
    if (this.#hits > 1) this.#writes = 2;
  }

  add(hits: number, sample: string, nowMs: number): void {
    this.#hits += hits;
    this.#lastSeenMs = nowMs;
    const text = sample.slice(0, maxSampleLength);
    const length = this.#samples.reduce((sum, sample_) => sum + sample_.length, text.length);
    const fits = this.#samples.length < maxSamples && length <= maxSamplesLength;
    if (text !== '' && fits && !this.#samples.includes(text)) this.#samples = [...this.#samples, text];
  }

  /** 0: write now. undefined: nothing to write. */
  dueInMs(nowMs: number): number | undefined {
    if (this.#hits === this.#writtenHits) return undefined;
    return this.#writes < 2 ? 0 : Math.max(0, this.#lastWriteMs + flushEveryMs - nowMs);
  }

  /** What to write; counts as written until `failed`. */
  take(nowMs: number): HitStatus {
    this.#writtenHits = this.#hits;
    this.#writes++;
    this.#lastWriteMs = nowMs;
    return {
      hits: this.#hits,
      samples: this.#samples,
      firstSeen: new Date(this.#firstSeenMs).toISOString(),
      lastSeen: new Date(this.#lastSeenMs).toISOString(),
    };
  }

  failed(): void {
    this.#writtenHits = -1;
  }
}
