// The hub session: one HTTP/2 stream per pod (POST /v1/session, Authorization: Bearer <projected token>),
// newline-delimited JSON both ways. See docs/concepts.md for the flow.
import type { Revision } from './revision.ts';
import type { Snapshot } from './snapshot.ts';

export const protocolVersion = 1;
export const sessionPath = '/v1/session';
/** A longer line closes the session: nothing either side says comes near it. */
export const maxFrameBytes = 4 * 1024 * 1024;

export interface BinaryIdentity {
  readonly path: string;
  readonly sha256: string;
  /** Parent first, at most 8. */
  readonly ancestors: readonly string[];
}

export type DenialReason = 'NotListed' | 'RequestNotAllowed';

/** One askable denial, coalesced over `hits` equal ones. */
export interface DenialFrame {
  readonly type: 'denial';
  /** Chosen by the sidecar, echoed by `asked`. */
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly binary?: BinaryIdentity;
  readonly reason: DenialReason;
  /** Equal denials since the last frame of this key; 0: nothing new, but a connection still waits for the answer. */
  readonly hits: number;
  readonly sample: string;
}

/** A person has answered, and not with an approval. */
export interface Standing {
  readonly verdict: 'Denied' | 'Snoozed';
  /** What the agent shall do instead, in the words of who decided. */
  readonly guidance?: string;
  /** Until then nobody is asked again, Unix ms. */
  readonly untilMs: number;
}

/** How often a grant with `uses` was used, since it was given. */
export interface GrantUse {
  readonly approval: string;
  readonly used: number;
}

export type UpFrame =
  | {
      readonly type: 'hello';
      readonly protocol: number;
      readonly sidecar: string;
      readonly revision?: Revision;
      /** Names the memory that counts uses of grants; a sidecar that has lost it says another name. */
      readonly countedBy?: string;
    }
  | { readonly type: 'uses'; readonly uses: readonly GrantUse[] }
  | DenialFrame
  | {
      readonly type: 'ack';
      readonly revision: Revision;
      readonly hashes: { readonly policy: string; readonly grants: string; readonly route: string };
      /** Live connections closed because the new snapshot no longer allows them. */
      readonly closed: number;
    }
  | { readonly type: 'nack'; readonly revision: Revision; readonly reason: string }
  | {
      readonly type: 'usage';
      readonly profile: string;
      readonly requests: number;
      readonly tokens: number;
      /** Denial frames and audit lines that bounded queues had to drop, exact. */
      readonly dropped: number;
    }
  | { readonly type: 'health'; readonly fence: 'Verified' | 'Reinstalled' | 'Broken'; readonly message: string }
  /** What the canaries to the hub's control and forbidden port say about NetworkPolicy. */
  | { readonly type: 'networkPolicy'; readonly enforced: 'True' | 'False' | 'Unknown'; readonly message: string };

export type DownFrame =
  | {
      readonly type: 'welcome';
      readonly protocol: number;
      readonly sandbox: string;
      readonly forbiddenPort: number;
      readonly controlPort: number;
      /** The hub pod's own address, for both canaries: through a Service the forbidden port could fail for another reason. */
      readonly canaryAddress: string;
    }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  /** Answer to a denial: the ApprovalRequest's name and how it stands, or why there is none. */
  | {
      readonly type: 'asked';
      readonly id: number;
      readonly approval?: string;
      readonly standing?: Standing;
      readonly reason?: string;
    }
  /** A request was refused or put off; without `standing` it waits for a decision again. */
  | { readonly type: 'decided'; readonly approval: string; readonly standing?: Standing }
  | { readonly type: 'close'; readonly reason: string };
