import type { Duplex } from 'node:stream';
import type { Permit } from '../../engine/decide/permit.ts';
import type { RequestGate } from '../connection/request-gate.ts';
import type { MessageBudget } from '../websocket/web-socket-relay.ts';
import type { Http2Limits } from './http2-limits.ts';

export type DialledUpstream =
  | { readonly ok: true; readonly stream: Duplex; readonly alpn: 'h2' | 'http/1.1' }
  | { readonly ok: false; readonly problem: string };

export interface ServeHttp2Options {
  readonly gate: RequestGate;
  /** A verified connection to one of the permit's addresses; `alpn` is what the server chose, `http/1.1` where it chose nothing. */
  readonly dialUpstream: (permit: Permit, signal: AbortSignal) => Promise<DialledUpstream>;
  readonly limits: Http2Limits;
  /** For bodies that wait to be read by a rule. */
  readonly budget?: MessageBudget;
  /** Aborted when the connection must end at once: policy change, shutdown. */
  readonly signal: AbortSignal;
}
