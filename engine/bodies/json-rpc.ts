// JSON-RPC 2.0 over HTTP: which methods a body calls. All of a batch count.
import type { RequestHead } from '../decide/request-decision.ts';
import { type BodyRefusal, orRefusal, refuseBody } from './body-problem.ts';
import { readRpcBody } from './read-rpc-body.ts';

export interface RpcCall {
  readonly method: string;
}

export type JsonRpcRead = { readonly ok: true; readonly calls: readonly RpcCall[] } | BodyRefusal;

/** `body` is the whole body, undefined or empty where the request has none. */
export function readJsonRpc(head: RequestHead, body: Buffer | undefined): JsonRpcRead {
  return orRefusal((): JsonRpcRead => {
    const read = readRpcBody(head, body, false);
    if (!read.ok) return read;
    const calls = read.messages.flatMap(each => (each.kind === 'Call' ? [{ method: each.method }] : []));
    if (calls.length < read.messages.length)
      return refuseBody('NotACall', 'The body holds a response, and nobody asked a client of JSON-RPC over HTTP.');
    return { ok: true, calls };
  });
}
