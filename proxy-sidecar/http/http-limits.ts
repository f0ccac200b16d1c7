// Bounds of one HTTP/1.1 connection; docs/limits.md says what happens at each.

export interface HttpLimits {
  /** Start line and all fields, CRLFs included. */
  readonly maxHeadBytes: number;
  readonly maxFields: number;
  readonly maxTargetBytes: number;
  /** A chunk's size line, extensions included. */
  readonly maxChunkLineBytes: number;
  /** Interim (1xx) responses before the final one. */
  readonly maxInterimResponses: number;
  /** From a request's first byte to the end of its head. */
  readonly headMs: number;
  /** Between two requests of one connection. */
  readonly keepAliveMs: number;
  /** Without a byte in either direction of a body, or before a response. */
  readonly idleMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  maxHeadBytes: 64 * 1024,
  maxFields: 100,
  maxTargetBytes: 32 * 1024,
  maxChunkLineBytes: 256,
  maxInterimResponses: 8,
  headMs: 15_000,
  keepAliveMs: 120_000,
  idleMs: 300_000,
};
