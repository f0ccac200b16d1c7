/** What one check has found. */
export interface Finding {
  readonly check: string;
  /** fail: Creel does not work, or does not protect, as it is. warn: look at it, or it could not be looked at. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to type. */
  readonly try?: readonly string[];
}
