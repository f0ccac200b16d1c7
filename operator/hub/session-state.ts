import type { Revision } from '../../protocol/revision.ts';

/** What one sandbox's sidecar has told the hub. Kept while the operator leads; Sandbox status is written from it. */
export interface SessionState {
  readonly podUid: string;
  readonly connected: boolean;
  /** When `connected` last changed. */
  readonly sinceMs: number;
  readonly sidecar?: string;
  /** The memory that counts its uses, and what it has counted, by ApprovalRequest. */
  readonly countedBy?: string;
  readonly uses?: ReadonlyMap<string, number>;
  readonly acked?: Acked;
  readonly nack?: { readonly revision: Revision; readonly reason: string };
  readonly fence?: { readonly state: 'Verified' | 'Reinstalled' | 'Broken'; readonly message: string };
  readonly networkPolicy?: { readonly enforced: 'True' | 'False' | 'Unknown'; readonly message: string };
  readonly usage?: { readonly profile: string; readonly requests: number; readonly tokens: number };
  /** Frames the sidecar's bounded queues had to drop, as it last said. */
  readonly dropped: number;
}

export interface Acked {
  readonly revision: Revision;
  readonly atMs: number;
  /** Names of the ApprovalRequests that this revision grants. */
  readonly grants: ReadonlySet<string>;
  /** When each of them was first acked. */
  readonly grantedAtMs: ReadonlyMap<string, number>;
}
