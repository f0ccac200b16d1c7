// Rules that must read the body. A body calls one or more things, and each of them must be allowed by some rule: batches
// pass as a whole or not at all.

import type { BodyRefusal } from '../../bodies/body-problem.ts';
import { readGraphQl } from '../../bodies/graphql.ts';
import type { GraphQlOperation } from '../../bodies/graphql-operations.ts';
import { readJsonRpc } from '../../bodies/json-rpc.ts';
import { type McpCall, readMcp } from '../../bodies/mcp.ts';
import type { RequestHead } from '../request-decision.ts';
import type { PreparedBlock, PreparedRule } from './prepare-rule.ts';
import type { RequestFacts } from './request-facts.ts';

type BodyKind = 'GraphQL' | 'JSONRPC' | 'MCP';
type BodyBlock = Extract<PreparedBlock, { kind: BodyKind }>;

/** One thing a body calls: which blocks let it through, and how the audit line names it. */
interface Call {
  readonly name: string;
  readonly isAllowedBy: (block: BodyBlock) => boolean;
}

type Calls = { readonly ok: true; readonly calls: readonly Call[] } | BodyRefusal;

export type BodyOutcome =
  | {
      readonly kind: 'Allowed';
      readonly rules: readonly PreparedRule[];
      readonly isEnforced: boolean;
      readonly operation: string;
    }
  | { readonly kind: 'NotAllowed'; readonly operation: string }
  | { readonly kind: 'Unreadable'; readonly refusal: BodyRefusal; readonly id: string };

/** Which rules would read the body of this request: by path, method, and no WebSocket. */
export function bodyRulesOf(rules: readonly PreparedRule[], facts: RequestFacts): readonly PreparedRule[] {
  const { head, target, methods } = facts;
  if (head.isWebSocket || methods.length > 1) return [];
  return rules.filter(({ block }) => {
    if (block.kind === 'HTTP' || block.kind === 'WebSocket') return false;
    const fits = block.path === undefined || (target !== undefined && block.path(target.path));
    // Without a path of its own MCP's stream and session would be a GET and a DELETE of everything.
    const isImplied = block.path !== undefined || block.kind === 'GraphQL' || head.method === 'POST';
    return fits && isImplied && methodsOfKind[block.kind].includes(head.method);
  });
}

const methodsOfKind: Readonly<Record<BodyKind, readonly string[]>> = {
  GraphQL: ['GET', 'POST'],
  JSONRPC: ['POST'],
  MCP: ['GET', 'POST', 'DELETE'],
};

/** The best outcome over the kinds of the rules; undefined without any rule. */
export function decideBody(rules: readonly PreparedRule[], head: RequestHead, body: Buffer): BodyOutcome | undefined {
  const outcomes = (['GraphQL', 'JSONRPC', 'MCP'] as const).flatMap(kind => {
    const same = rules.filter(({ block }) => block.kind === kind);
    return same.length === 0 ? [] : [decideKind(kind, same, head, body)];
  });
  const rank = (outcome: BodyOutcome) =>
    outcome.kind === 'Allowed' ? Number(!outcome.isEnforced) : outcome.kind === 'NotAllowed' ? 2 : 3;
  return outcomes.sort((a, b) => rank(a) - rank(b))[0];
}

function decideKind(kind: BodyKind, rules: readonly PreparedRule[], head: RequestHead, body: Buffer): BodyOutcome {
  const read = readers[kind](head, body);
  if (!read.ok) return { kind: 'Unreadable', refusal: read, id: rules[0]?.rule.id ?? '' };
  const operation = operationOf(read.calls);
  const allowing = read.calls.map(call => rules.filter(({ block }) => isBodyBlock(block) && call.isAllowedBy(block)));
  if (allowing.length === 0 || allowing.some(list => list.length === 0)) return { kind: 'NotAllowed', operation };
  const isEnforced = allowing.every(list => list.some(({ rule }) => rule.mode === 'Enforce'));
  return { kind: 'Allowed', rules: [...new Set(allowing.flat())], isEnforced, operation };
}

function isBodyBlock(block: PreparedBlock): block is BodyBlock {
  return block.kind in methodsOfKind;
}

const readers: Readonly<Record<BodyKind, (head: RequestHead, body: Buffer) => Calls>> = {
  GraphQL: (head, body) => {
    const read = readGraphQl(head, body);
    if (!read.ok) return read;
    const { persistedHash, operations } = read;
    const persisted = persistedHash === undefined ? [] : [persistedCall(persistedHash)];
    return { ok: true, calls: [...persisted, ...operations.flatMap(fieldCalls)] };
  },
  JSONRPC: (head, body) => {
    const read = readJsonRpc(head, body);
    return read.ok ? { ok: true, calls: read.calls.map(({ method }) => rpcCall(method)) } : read;
  },
  MCP: (head, body) => {
    const read = readMcp(head, body);
    if (!read.ok) return read;
    // GET opens the stream, DELETE ends the session: implied beside whatever may be called.
    if (read.calls.length === 0) return { ok: true, calls: [streamCall(head.method)] };
    return { ok: true, calls: read.calls.map(mcpCall) };
  },
};

function persistedCall(hash: string): Call {
  return {
    name: `persisted ${hash.slice(0, 12)}`,
    isAllowedBy: block => block.kind === 'GraphQL' && (block.block.persisted ?? []).includes(hash),
  };
}

/** Every root field alone; `__typename` says nothing that the schema does not. A block that names neither allows no text. */
function fieldCalls({ type, fields }: GraphQlOperation): readonly Call[] {
  return fields.map(name => ({
    name: `${type.toLowerCase()} ${name}`,
    isAllowedBy: block =>
      block.kind === 'GraphQL' &&
      (block.block.operations !== undefined || block.block.fields !== undefined) &&
      (block.block.operations?.includes(type) ?? true) &&
      (name === '__typename' || block.field(name)),
  }));
}

function rpcCall(method: string): Call {
  return { name: method, isAllowedBy: block => block.kind === 'JSONRPC' && block.method(method) };
}

function streamCall(method: string): Call {
  return { name: method === 'GET' ? 'stream' : 'end of session', isAllowedBy: block => block.kind === 'MCP' };
}

/**
 * `methods` names what may be called; `tools` names which tools `tools/call` may call, and then alone decides on it. With
 * `tools` and no `methods` what a client needs around a call is implied. Answers to the server's own requests always are.
 */
function mcpCall({ method, tool, isResponse }: McpCall): Call {
  const name = [method ?? 'response', ...(tool === undefined ? [] : [tool])].join(' ');
  return {
    name,
    isAllowedBy: block => {
      if (block.kind !== 'MCP') return false;
      const { methods, tools } = block.block;
      if (methods === undefined && tools === undefined) return false;
      if (isResponse === true) return true;
      if (method === undefined) return false;
      if (tools !== undefined && method === 'tools/call') return tool !== undefined && block.tool(tool);
      return methods === undefined ? isMcpImplied(method) : block.method(method);
    },
  };
}

/** Handshake, keep-alive, notifications, and the list without which no client knows how to call a tool. */
function isMcpImplied(method: string): boolean {
  return ['initialize', 'ping', 'tools/list'].includes(method) || method.startsWith('notifications/');
}

const maxOperationLength = 256;

function operationOf(calls: readonly Call[]): string {
  const text = [...new Set(calls.map(({ name }) => name))].join(', ');
  return text.length <= maxOperationLength ? text : `${text.slice(0, maxOperationLength - 1)}…`;
}
