/** A condition of the machine that the user can mend; the message names the remedy. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}
