// What serving HTTP and relaying a WebSocket say to each other: two upgraded connections in, one outcome out.
import type { Duplex } from 'node:stream';
import type { ByteReader } from '../http/byte-reader.ts';
import type { CredentialRedactor } from '../http/credential-redactor.ts';

/** One side of an upgraded connection: what its reader has buffered is the first of its frames. */
export interface WebSocketEnd {
  readonly stream: Duplex;
  readonly reader: ByteReader;
}

export interface WebSocketLimits {
  /** Of one client message, where text is matched. */
  readonly maxMessageBytes: number;
  /** Frames of one message, in either direction. */
  readonly maxFragments: number;
  /** Without a byte in one direction while the other has none either. */
  readonly idleMs: number;
  /** From the first close frame to the end of both connections. */
  readonly closeMs: number;
}

export const defaultWebSocketLimits: WebSocketLimits = {
  maxMessageBytes: 1024 * 1024,
  maxFragments: 65_536,
  idleMs: 3_600_000,
  closeMs: 5_000,
};

/** Bytes that all half-received messages of a sandbox may hold together; `ByteBudget` is one. */
export interface MessageBudget {
  readonly reserve: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
}

export interface WebSocketOptions {
  /** Globs (`*` any run of characters) of text messages the client may send; absent: messages pass unread. */
  readonly text?: readonly string[];
  /** Aborted when policy no longer allows it: both sides are closed with 1012. */
  readonly signal: AbortSignal;
  /** For messages that wait to be matched. */
  readonly budget?: MessageBudget;
  /** Takes the handshake's credential out of the server's messages. */
  readonly redactor?: CredentialRedactor;
  readonly limits: WebSocketLimits;
}

export type WebSocketProblem =
  /** A text message no glob lists. */
  | 'MessageNotAllowed'
  /** A binary message where text is matched. */
  | 'BinaryMessage'
  | 'MessageTooBig'
  | 'TooManyFragments'
  /** Too many half-received messages in this sandbox. */
  | 'NoRoom'
  | 'PolicyChanged'
  | 'IdleTimeout'
  | 'BadMask'
  | 'ReservedBits'
  | 'BadOpcode'
  | 'BadControlFrame'
  | 'BadLength'
  | 'BadFragment'
  | 'BadUtf8'
  | 'BadCloseFrame'
  /** A connection ended inside a frame or without a close frame. */
  | 'Truncated';

export interface WebSocketOutcome {
  /** Payload bytes sent on. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** The first close frame's code, ours or theirs; 1005 for one without, 1006 for none. */
  readonly closeCode: number;
  readonly problem?: WebSocketProblem;
  /** Whose frame it was. */
  readonly from?: 'Client' | 'Upstream';
}

/** Ends with both connections closed; never throws for what either side sends. */
export type RelayWebSocket = (
  client: WebSocketEnd,
  upstream: WebSocketEnd,
  options: WebSocketOptions,
) => Promise<WebSocketOutcome>;
