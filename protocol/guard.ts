// What the sidecar's node process and the Go guard say over the socketpair (fd 3 of node), newline-delimited JSON.
// node asks with an id; the guard answers with the same id, and sends events without one.
import type { BinaryIdentity } from './session.ts';

export type GuardRequest =
  /** Whose socket is this 4-tuple, in the pod's network namespace? local = the agent's end. */
  | {
      readonly id: number;
      readonly op: 'identify';
      readonly local: string;
      readonly remote: string;
      readonly network: 'tcp' | 'udp';
    }
  /** A leaf of the sandbox CA. The CA key never enters the node process. */
  | { readonly id: number; readonly op: 'leaf'; readonly host: string }
  /** The projected hub token as it is on disk now. */
  | { readonly id: number; readonly op: 'token' };

export type GuardAnswer =
  | { readonly id: number; readonly ok: true; readonly binary: BinaryIdentity; readonly pid: number }
  | { readonly id: number; readonly ok: true; readonly cert: string; readonly key: string; readonly notAfterMs: number }
  | { readonly id: number; readonly ok: true; readonly token: string }
  /** For `identify`: gone, ambiguous, unreadable or busy. */
  | { readonly id: number; readonly ok: false; readonly error: string };

export interface GuardEvent {
  readonly event: 'fence';
  readonly state: 'Verified' | 'Reinstalled' | 'Broken';
  readonly message: string;
}

/** What the sidecar answers on a captured connection to the attestation address, one line, then closes. */
export interface Attestation {
  readonly creel: 'attestation';
  readonly fence: 'Verified' | 'Reinstalled' | 'Broken';
  /** False until the first snapshot is in force: the launcher keeps waiting. */
  readonly ready: boolean;
  readonly revision: string;
  /** Why not ready, for the Sandbox's condition. */
  readonly message: string;
}
