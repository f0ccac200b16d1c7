import type { Api } from '../kube/api.ts';

/** What every command is given: the cluster (connected on first use) and where to print. */
export interface CommandContext {
  api(): Promise<Api>;
  print(line: string): void;
  readonly signal: AbortSignal;
}
