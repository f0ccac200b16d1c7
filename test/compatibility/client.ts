// One real program, and the steps that show whether it works unchanged behind the sidecar.
import type { CompiledRule } from '../../protocol/snapshot.ts';

export interface Step {
  readonly what: string;
  readonly rules: readonly CompiledRule[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** For one that takes long to start. */
  readonly timeoutMs?: number;
  /** Whether policy lets it. What is refused must end with a status that is not 0. */
  readonly verdict: 'allowed' | 'refused';
  /** It shows the refusal and ends with 0. */
  readonly endsWell?: true;
  /** A part of what it prints. */
  readonly says: string;
  /** A request that must not have arrived outside. */
  readonly unseen?: string;
}

export interface Client {
  readonly name: string;
  /** Prints its version in the pod; one that fails is not installed here. */
  readonly version: readonly string[];
  readonly protocol: string;
  /** What it needs before it trusts the sandbox's CA: the environment is not enough. */
  readonly preparation?: { readonly what: string; readonly command: readonly string[] };
  readonly steps: readonly Step[];
}

/** Where a client finds what the test has put there for it. */
export interface Place {
  /** The agent may write here. */
  readonly folder: string;
  readonly node: string;
  /** OpenClaw's package. */
  readonly openclaw: string;
  /** The sandbox's certificate authority. */
  readonly caFile: string;
}
