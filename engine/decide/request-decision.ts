// What is known of one request inside an inspected connection, and what the engine can say about it.
import type { CredentialUse } from '../../protocol/snapshot.ts';

/** The head of a request after admission: strict framing, one Host that is the connection's. */
export interface RequestHead {
  /** Upper case as on the wire; a token. */
  readonly method: string;
  /** Origin form as on the wire: `/path?query`. */
  readonly target: string;
  /** A well-formed WebSocket upgrade. */
  readonly isWebSocket: boolean;
  /** Value of Content-Type, or absent. */
  readonly contentType?: string;
  /** Value of Content-Encoding, or absent. */
  readonly contentEncoding?: string;
}

export type RequestDenyReason =
  /** Its canonical path is not what was sent, and a rule of this host looks at paths. */
  | 'AmbiguousPath'
  /** A deny pattern of a rule speaks of it: no person can allow it. */
  | 'RequestDenied'
  /** Not JSON, duplicate keys, unknown encoding, too large … for a rule that must read the body. */
  | 'UnreadableBody';

export type RequestDecision =
  | {
      readonly verdict: 'Allow';
      readonly by: 'Rule' | 'Grant';
      readonly id: string;
      readonly mode: 'Enforce' | 'Audit';
      readonly credential?: CredentialUse;
      /** What a body parser saw, for the audit line: `mutation createIssue`, `tools/call search`. */
      readonly operation?: string;
      /** For an allowed WebSocket: text messages the client may send (globs); absent: all. */
      readonly text?: readonly string[];
    }
  /** Read the whole body, up to so many bytes, and decide again with it. */
  | { readonly verdict: 'NeedsBody'; readonly maxBytes: number }
  | {
      readonly verdict: 'Deny';
      readonly reason: RequestDenyReason;
      readonly status: 400 | 403 | 413 | 415;
      /** One sentence for the agent; nothing about other rules. */
      readonly detail: string;
      /** The rule that denies. */
      readonly id?: string;
      readonly operation?: string;
    }
  /** A person may allow it. */
  | { readonly verdict: 'Ask'; readonly reason: 'RequestNotAllowed'; readonly operation?: string };
