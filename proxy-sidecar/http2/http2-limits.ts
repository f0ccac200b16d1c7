// Bounds of one HTTP/2 connection of an agent; docs/limits.md says what happens at each.
import type { HttpLimits } from '../http/http-limits.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';

export interface Http2Limits {
  /** Heads, bodies and times that HTTP/1.1 knows too; an HTTP/1.1 upstream is read under them. */
  readonly http: HttpLimits;
  readonly maxConcurrentStreams: number;
  /** What an agent may send on one stream before somebody reads it; times the streams, this is what a connection can fill. */
  readonly agentWindowBytes: number;
  readonly upstreamWindowBytes: number;
  /** Of one nghttp2 session: header tables, queued frames. Whole mebibytes. */
  readonly maxSessionMiB: number;
  /** Streams that were reset or refused: so many at once, then so many a second. */
  readonly wastedStreams: Rate;
  /** PING and SETTINGS frames of the agent. */
  readonly controlFrames: Rate;
  /** Frames that nghttp2 refuses or that carry nothing, for the connection's life. */
  readonly maxInvalidFrames: number;
  /** Without an open stream. */
  readonly idleConnectionMs: number;
}

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export const defaultHttp2Limits: Http2Limits = {
  http: defaultHttpLimits,
  maxConcurrentStreams: 100,
  agentWindowBytes: 64 * 1024,
  upstreamWindowBytes: 256 * 1024,
  maxSessionMiB: 8,
  wastedStreams: { burst: 200, perSecond: 20 },
  controlFrames: { burst: 100, perSecond: 10 },
  maxInvalidFrames: 100,
  idleConnectionMs: 120_000,
};
