import { UserError } from '../user-error.ts';

/** A refusal by the API server, in its own words. */
export class ApiError extends UserError {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}
