/** An answer of 400 and above, in the API server's own words. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `Expired`, `TooManyRequests` … */
  readonly reason: string;
  /** What Retry-After asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isKubeError(error: unknown, reason: string): error is KubeError {
  return error instanceof KubeError && error.reason === reason;
}
