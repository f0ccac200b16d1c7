import type { Api } from '../kube/api.ts';
import type { Paint } from '../output/paint.ts';

/** What every command is given: the cluster (connected on first use) and where to print. */
export interface CommandContext {
  api(): Promise<Api>;
  readonly print: (line: string) => void;
  /** To stderr: what is not the answer itself. */
  readonly printError: (line: string) => void;
  /** `--namespace` as given; the cluster's own default is asked for by `api`. */
  namespaceOption(): string | undefined;
  /** For the few words that say how something is; nothing where stdout is no terminal. */
  readonly paint: Paint;
  /** How wide the terminal is; absent where stdout is none, and lines may be as long as they are. */
  readonly columns?: number;
  /** Asks a person; false where nobody can answer. */
  confirm(question: string): Promise<boolean>;
  readonly signal: AbortSignal;
}
