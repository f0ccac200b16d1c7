import { type ExitCode, exitCodes } from './exit-codes.ts';

interface Details {
  /** Default: failed (1). */
  readonly exitCode?: ExitCode;
  /** Commands that help, each shown on a line of its own. */
  readonly try?: readonly string[];
}

/** Something the user can put right: printed without a stack. The message ends with what to type, or `try` lists it. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly exitCode: ExitCode;
  readonly try: readonly string[];
  constructor(message: string, details: Details = {}) {
    super(message);
    this.exitCode = details.exitCode ?? exitCodes.failed;
    this.try = details.try ?? [];
  }
}
