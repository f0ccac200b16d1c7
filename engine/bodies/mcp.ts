// MCP over streamable HTTP: which methods and tools a request calls. Opening the stream (GET) and ending the session
// (DELETE) call nothing.
import type { RequestHead } from '../decide/request-decision.ts';
import { type BodyRefusal, orRefusal } from './body-problem.ts';
import { asObject, badMember, checkSpelling } from './check-members.ts';
import type { JsonValue } from './json-value.ts';
import { readRpcBody } from './read-rpc-body.ts';
import { bodyWhereNoneBelongs } from './readable-body.ts';
import type { RpcMessage } from './rpc-message.ts';

export interface McpCall {
  /** Absent for a response. */
  readonly method?: string;
  /** Of `tools/call`. */
  readonly tool?: string;
  /** The client answers a request of the server (sampling, roots, elicitation). */
  readonly isResponse?: boolean;
}

export type McpRead = { readonly ok: true; readonly calls: readonly McpCall[] } | BodyRefusal;

const toolPattern = /^[A-Za-z0-9_.-]{1,128}$/;

/** `body` is the whole body, undefined or empty where the request has none. No calls: GET or DELETE. */
export function readMcp(head: RequestHead, body: Buffer | undefined): McpRead {
  if (head.method === 'GET' || head.method === 'DELETE')
    return bodyWhereNoneBelongs(head, body) ?? { ok: true, calls: [] };
  return orRefusal((): McpRead => {
    const read = readRpcBody(head, body, true);
    return read.ok ? { ok: true, calls: read.messages.map(callOf) } : read;
  });
}

function callOf(message: RpcMessage): McpCall {
  if (message.kind === 'Response') return { isResponse: true };
  const { method, params } = message;
  return method === 'tools/call' ? { method, tool: toolOf(params) } : { method };
}

function toolOf(params: JsonValue | undefined): string {
  const object = asObject(params, 'params of tools/call');
  checkSpelling(object, ['name', 'arguments']);
  const name = object.get('name');
  if (typeof name === 'string' && toolPattern.test(name)) return name;
  throw badMember('params.name of tools/call must be 1 to 128 of A-Z a-z 0-9 _ . -', 'BadToolName');
}
