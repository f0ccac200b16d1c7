// One JSON-RPC 2.0 message, in the one reading all servers share.
import { bodyLimits } from './body-limits.ts';
import { badMember, checkMembers, checkSpelling } from './check-members.ts';
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts';

export type RpcMessage =
  | { readonly kind: 'Call'; readonly method: string; readonly params: JsonValue | undefined }
  | { readonly kind: 'Response' };

const members = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];

/** Visible ASCII: nothing that another server would trim, cut or normalise. */
const methodPattern = /^[\x21-\x7e]+$/;

/** `strict` refuses members that JSON-RPC does not know; without it (Zabbix's `auth`) they pass if nothing resembles them. */
export function readRpcMessage(message: JsonObject, strict: boolean): RpcMessage {
  (strict ? checkMembers : checkSpelling)(message, members);
  if (message.get('jsonrpc') !== '2.0') throw badMember('jsonrpc must be the string "2.0".', 'BadVersion');
  const id = message.get('id');
  if (!(id === undefined || id === null || typeof id === 'string' || id instanceof JsonNumber))
    throw badMember('id must be a string, a number or null.');
  if (!message.has('method')) return readResponse(message);
  if (message.has('result') || message.has('error')) throw badMember('A message is a call or a response, not both.');
  return { kind: 'Call', method: methodOf(message), params: paramsOf(message) };
}

function readResponse(message: JsonObject): RpcMessage {
  if (!message.has('id') || message.has('params') || message.has('result') === message.has('error'))
    throw badMember('A message has a method, or an id and one of result and error.');
  return { kind: 'Response' };
}

function methodOf(message: JsonObject): string {
  const method = message.get('method');
  if (typeof method === 'string' && methodPattern.test(method) && method.length <= bodyLimits.maxMethodNameLength)
    return method;
  throw badMember(`method must be 1 to ${bodyLimits.maxMethodNameLength} visible ASCII characters.`, 'BadMethodName');
}

function paramsOf(message: JsonObject): JsonValue | undefined {
  const params = message.get('params');
  if (params === undefined || Array.isArray(params) || (typeof params === 'object' && !(params instanceof JsonNumber)))
    return params;
  throw badMember('params must be an array or an object.');
}
