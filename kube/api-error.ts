import type { ApiFailure } from './types.ts';

/** Thrown where the API server did not decide: overload, an internal error, no answer. `failure` says which. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly failure: ApiFailure;

  constructor(failure: ApiFailure, options?: ErrorOptions) {
    super(`${failure.reason} (${failure.status}): ${failure.message}`, options);
    this.failure = failure;
  }
}
