/** Something the user can put right: printed without a stack, exit code 1. The message ends with what to type. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
