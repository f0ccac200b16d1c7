import { exitCodes } from '../exit-codes.ts';
import { UserError } from '../user-error.ts';

/** A refusal by the API server, in its own words. */
export class ApiError extends UserError {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string, remedies: readonly string[] = []) {
    super(message, { exitCode: status === 404 ? exitCodes.notFound : exitCodes.failed, try: remedies });
    this.status = status;
    this.reason = reason;
  }
}
