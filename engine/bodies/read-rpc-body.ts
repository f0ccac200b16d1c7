// What JSON-RPC and MCP share: a POST of one message or a batch, with nothing said in the target's query.
import type { RequestHead } from '../decide/request-decision.ts';
import { bodyLimits } from './body-limits.ts';
import { type BodyRefusal, refuseBody } from './body-problem.ts';
import { messagesOf } from './check-members.ts';
import { readQueryFields } from './query-fields.ts';
import { readJsonBody } from './readable-body.ts';
import { type RpcMessage, readRpcMessage } from './rpc-message.ts';

/** Throws UnreadableBody for what the JSON says; refuses what is around it. */
export function readRpcBody(
  head: RequestHead,
  body: Buffer | undefined,
  strict: boolean,
): { readonly ok: true; readonly messages: readonly RpcMessage[] } | BodyRefusal {
  if (head.method !== 'POST') return refuseBody('Method', 'Calls are sent by POST here.');
  const query = readQueryFields(head.target, ['jsonrpc', 'method', 'params']);
  if (!query.ok) return query;
  if (query.fields.size > 0)
    return refuseBody('AmbiguousQuery', "The query of the request's target names a call, too.");
  const json = readJsonBody(head, body);
  if (!json.ok) return json;
  return { ok: true, messages: messagesOf(json.value, bodyLimits.maxBatch).map(each => readRpcMessage(each, strict)) };
}
