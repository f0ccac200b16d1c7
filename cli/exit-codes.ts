/** How `kubectl creel` ends; the help and docs/cli.md list them. `connect` ends as the command it ran did. */
export const exitCodes = {
  /** Refused, failed, or a check that did not hold. */
  failed: 1,
  /** An option or argument that is wrong: nothing was sent. */
  usage: 2,
  notFound: 3,
  /** What was asked for is stored, but had not come true within the time given (as timeout(1) says it). */
  timeout: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
