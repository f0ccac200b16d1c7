// Between a protocol adapter (HTTP/1.1, HTTP/2) and policy: every request of an inspected connection passes here, alone.
import type { Permit } from '../../engine/decide/permit.ts';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import type { DenyBody } from '../http/deny-response.ts';
import type { HeaderField } from '../http/header-fields.ts';

export type GateVerdict =
  | {
      readonly verdict: 'Permit';
      readonly permit: Permit;
      /** Set in place of whatever the client sent under these names: a rule's credential. */
      readonly setFields: readonly HeaderField[];
      /** For a WebSocket: text messages the client may send (globs); absent: all. */
      readonly text?: readonly string[];
    }
  /** Read the whole body, up to so many bytes, and ask again with it. */
  | { readonly verdict: 'NeedsBody'; readonly maxBytes: number }
  | { readonly verdict: 'Refuse'; readonly status: number; readonly body: DenyBody };

/** What became of one request, for its audit line. Bytes are of bodies, as sent on. */
export interface GateRecord {
  readonly outcome: 'Forwarded' | 'Refused' | 'BadRequest' | 'BadUpstream';
  readonly status: number;
  readonly reason?: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface RequestGate {
  /** Canonical name (or address) and port of the captured connection: Host or :authority must be it. */
  readonly host: string;
  readonly port: number;
  /** 443 where TLS was terminated, else 80: the authority may leave it out. */
  readonly defaultPort: number;
  /** Decides on what is in force now, with the binary as it is known now; resolves the host only for a permitted request. */
  readonly decide: (head: RequestHead, body?: Buffer) => Promise<GateVerdict>;
  /** Of a permitted request in flight: `close` is called once policy no longer allows it. The result forgets it. */
  readonly watch: (head: RequestHead, body: Buffer | undefined, close: () => void) => () => void;
  readonly record: (head: RequestHead, record: GateRecord) => void;
}
