// protocol: graphql, json-rpc, mcp and websocket. Their deny rules have no like here; such an endpoint is left out whole.
import { Fields } from './fields.ts';
import type { Findings } from './finding.ts';
import { isAnyPath, narrowPath, pathProblem } from './read-paths.ts';
import type { EndpointRules } from './read-rest.ts';
import type { RuleBlock } from './rule-draft.ts';

type GraphqlBlock = NonNullable<RuleBlock['graphql']>;
const operations = {
  query: ['Query'],
  mutation: ['Mutation'],
  subscription: ['Subscription'],
  '*': undefined,
} as const;
const readableOperations = { 'read-only': ['Query'], 'read-write': ['Query', 'Mutation'], full: undefined } as const;

export interface PersistedQuery {
  readonly hash: string;
  readonly type: 'Query' | 'Mutation' | 'Subscription';
  readonly fields: readonly string[];
}

export function readGraphql(
  rules: EndpointRules,
  persisted: readonly PersistedQuery[],
  findings: Findings,
): RuleBlock[] {
  const path = pathOf(rules.path);
  const block = (graphql: GraphqlBlock): RuleBlock => {
    const hashes = persisted.filter(query => isWithin(query, graphql)).map(({ hash }) => hash);
    return {
      protocol: 'GraphQL',
      graphql: { ...graphql, ...path, ...(hashes.length > 0 ? { persisted: hashes } : {}) },
    };
  };
  if (rules.access !== undefined) {
    const allowed = readableOperations[rules.access];
    return [block(allowed === undefined ? {} : { operations: [...allowed] })];
  }
  return rules.rules.flatMap(rule => {
    const type = rule.choice('operation_type', ['query', 'mutation', 'subscription', '*']);
    const name = rule.text('operation_name');
    const fields = rule.texts('fields');
    rule.done('unknown key of a graphql rule; it has operation_type, operation_name and fields');
    if (type === undefined) {
      if (!rule.has('operation_type')) findings.refused(rule.place, 'a graphql rule needs operation_type');
      return [];
    }
    if (name !== undefined && name !== '*' && name !== '**') {
      findings.unsupported(rule.at('operation_name'), 'a client names its operations as it likes; list fields instead');
      return [];
    }
    const allowed = operations[type];
    return [
      block({
        ...(allowed === undefined ? {} : { operations: [...allowed] }),
        ...(fields === undefined ? {} : { fields: [...fields] }),
      }),
    ];
  });
}

/** A hash says nothing of what it stands for: it goes with a rule only that allows what was registered. */
function isWithin({ type, fields }: PersistedQuery, rule: GraphqlBlock): boolean {
  if (rule.operations !== undefined && !rule.operations.includes(type)) return false;
  return rule.fields === undefined || (fields.length > 0 && fields.every(field => rule.fields?.includes(field)));
}

export function readJsonRpc(rules: EndpointRules, findings: Findings): RuleBlock[] {
  const methods = rules.rules.flatMap(rule => {
    const method = rule.text('method');
    rule.done('unknown key of a json-rpc rule; it has method only');
    if (method === undefined) findings.refused(rule.place, 'a json-rpc rule needs method');
    return method ?? [];
  });
  return methods.length === 0 ? [] : [{ protocol: 'JSONRPC', jsonRpc: { methods, ...pathOf(rules.path) } }];
}

/** `allMethods`: every known method, whatever the rules say of them; tools are bounded by the rules all the same. */
export function readMcp(rules: EndpointRules, allMethods: boolean, findings: Findings): RuleBlock[] {
  const read = rules.rules.map(rule => readMcpRule(rule, findings));
  const calls = read.flatMap(rule => rule ?? []);
  if (calls.length === 0 && (read.length > 0 || !allMethods)) return [];
  const methods = [...new Set(calls.map(({ method }) => method))];
  const toolCalls = calls.filter(({ method }) => ['tools/call', 'tools/*', '*'].includes(method));
  const tools = toolCalls.some(({ tools: named }) => named === undefined)
    ? undefined
    : [...new Set(toolCalls.flatMap(({ tools: named }) => named ?? []))];
  const mcp = {
    ...(allMethods || methods.includes('*') ? {} : { methods }),
    ...(tools === undefined || tools.length === 0 ? {} : { tools }),
    ...pathOf(rules.path),
  };
  return [{ protocol: 'MCP', mcp }];
}

function readMcpRule(
  rule: Fields,
  findings: Findings,
): { readonly method: string; readonly tools?: readonly string[] } | undefined {
  const method = rule.text('method');
  const params = rule.fields('params');
  const source = params !== undefined ? params.raw('name') : rule.raw('tool');
  rule.raw('tool');
  params?.done('params has name only; arguments are never matched');
  rule.done('unknown key of an mcp rule; it has method, tool and params.name');
  if (method === undefined) {
    findings.refused(rule.place, 'an mcp rule needs method');
    return undefined;
  }
  if (method.includes('*') && !['*', 'tools/*'].includes(method)) {
    findings.refused(rule.at('method'), `${method}: the only wildcards are tools/* and *`);
    return undefined;
  }
  if (source === undefined) return { method };
  if (source.kind === 'scalar') return { method, tools: [String(source.value)] };
  const any = Fields.of(source, findings);
  const tools = any?.texts('any') ?? [];
  any?.done('a matcher is text or {any: [text]}');
  return { method, tools };
}

/** One rule a path: the handshake, and which text messages may follow it. */
export function readWebSocket({ access, rules, path: selector }: EndpointRules, findings: Findings): RuleBlock[] {
  if (access !== undefined)
    return [
      { protocol: 'WebSocket', webSocket: { ...pathOf(selector), ...(access === 'read-only' ? { text: [] } : {}) } },
    ];
  const read = rules.flatMap(rule => readWebSocketRule(rule, selector, findings) ?? []);
  const texts = read.filter(({ method }) => method !== 'GET');
  const handshakes = read.filter(({ method }) => method !== 'WEBSOCKET_TEXT');
  for (const text of texts)
    if (handshakes.length === 0)
      findings.inert(text.place, 'messages without a GET rule: nothing opens the connection');
  const paths = new Map(handshakes.map(({ path }) => [path ?? '**', path]));
  return [...paths].map(([key, path]) => {
    const maySend = texts.some(text => isAnyPath(text.path ?? '') || text.path === key);
    return {
      protocol: 'WebSocket',
      webSocket: { ...(path === undefined ? {} : { path }), ...(maySend ? {} : { text: [] }) },
    };
  });
}

function readWebSocketRule(rule: Fields, selector: string, findings: Findings) {
  const method = rule.choice('method', ['GET', 'WEBSOCKET_TEXT', '*']);
  const path = rule.text('path') ?? '/**';
  const extra = ['query', 'operation_type', 'operation_name', 'fields'].filter(name => rule.has(name));
  rule.done('unknown key of a websocket rule; it has method and path');
  for (const name of extra)
    findings.unsupported(
      rule.at(name),
      `${name} of a websocket rule; the rule is left out, because without it it would be wider`,
    );
  const problem = pathProblem(path);
  if (problem !== undefined) findings.refused(rule.at('path'), problem);
  const narrowed = narrowPath(selector, path);
  if (problem === undefined && narrowed === undefined)
    findings.unsupported(
      rule.at('path'),
      `${path} within the endpoint's path ${selector} is not one pattern; write it out`,
    );
  if (method === undefined || extra.length > 0 || problem !== undefined || narrowed === undefined) return undefined;
  return { method, place: rule.place, ...narrowed };
}

function pathOf(selector: string): { readonly path?: string } {
  return isAnyPath(selector) ? {} : { path: selector };
}
