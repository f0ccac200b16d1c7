import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Http2Limits, Rate } from './http2-limits.ts';

/** Counts what costs the sidecar work and the agent next to nothing (CVE-2023-44487, CVE-2019-9512 and 9515); too much is an end. */
export class AbuseGuard {
  readonly #wasted: () => boolean;
  readonly #control: () => boolean;
  readonly #end: () => void;
  #streams = 0;

  constructor(limits: Pick<Http2Limits, 'wastedStreams' | 'controlFrames'>, end: () => void, nowMs = () => Date.now()) {
    this.#wasted = bucket(limits.wastedStreams, nowMs);
    this.#control = bucket(limits.controlFrames, nowMs);
    this.#end = end;
  }

  get hasStreams(): boolean {
    return this.#streams > 0;
  }

  watch(session: ServerHttp2Session): void {
    const count = () => {
      if (!this.#control()) this.#end();
    };
    session.on('ping', count);
    session.on('remoteSettings', count);
    session.on('stream', (stream: ServerHttp2Stream) => {
      this.#streams++;
      stream.once('close', () => this.#streams--);
    });
  }

  wasted(): void {
    if (!this.#wasted()) this.#end();
  }
}

function bucket({ burst, perSecond }: Rate, nowMs: () => number): () => boolean {
  let tokens = burst;
  let filledMs = nowMs();
  return () => {
    const now = nowMs();
    tokens = Math.min(burst, tokens + (Math.max(0, now - filledMs) / 1000) * perSecond);
    filledMs = now;
    tokens -= 1;
    return tokens >= 0;
  };
}
