// A rule's protocol block into what the sidecar enforces, or every problem it has. What could be misread, and what would
// let nothing or everything through by accident, is refused by name.
import type { AllowRule } from '../../crds/schema/egress-rule.ts';
import type { Inspection, RequestPattern } from '../../protocol/snapshot.ts';
import { type PatternProblem, parsePathPattern } from '../canonical/path-pattern.ts';
import type { Problem } from './rule-issue.ts';

export interface InspectionOutcome {
  /** Absent for TLS and TCP. */
  readonly inspection?: Inspection;
  readonly problems: readonly Problem[];
}

type HttpBlock = NonNullable<AllowRule['http']>;

export function compileInspection(rule: AllowRule): InspectionOutcome {
  if (rule.http !== undefined) return compileHttp(rule.http);
  if (rule.graphql !== undefined) return compileGraphQl(rule.graphql);
  if (rule.jsonRpc !== undefined) return compileJsonRpc(rule.jsonRpc);
  if (rule.mcp !== undefined) return compileMcp(rule.mcp);
  if (rule.webSocket !== undefined)
    return {
      inspection: { kind: 'WebSocket', ...rule.webSocket },
      problems: pathProblems('webSocket', rule.webSocket),
    };
  return { problems: [] };
}

function compileHttp({ access, allow = [], deny = [] }: HttpBlock): InspectionOutcome {
  const patterns = [...allow.map(named('http.allow')), ...deny.map(named('http.deny'))];
  const problems = patterns.flatMap(([at, pattern]) => pathProblems(at, pattern));
  for (const [at, pattern] of allow.map(named('http.allow')))
    if (Object.keys(pattern).length === 0)
      problems.push({
        reason: 'AllowsAll',
        message: `${at} is empty and would allow every request; write access: Full for that`,
      });
  if (access === undefined && allow.length === 0)
    problems.push(nothing('http', 'access: ReadOnly, ReadWrite or Full, or a list allow'));
  const [allowed, denied] = [allow.map(toPattern), deny.map(toDenyPattern)];
  return { inspection: { kind: 'HTTP', ...(access && { access }), allow: allowed, deny: denied }, problems };
}

function named(field: string) {
  return (pattern: NonNullable<HttpBlock['allow']>[number], at: number) => [`${field}[${at}]`, pattern] as const;
}

type SourcePattern = NonNullable<HttpBlock['allow']>[number];

function toPattern({ methods, path, query }: SourcePattern): RequestPattern {
  return {
    ...(methods === undefined || methods.includes('*') ? {} : { methods }),
    ...(path === undefined ? {} : { path }),
    ...(query === undefined || Object.keys(query).length === 0 ? {} : { query }),
  };
}

/** A denied path that was not understood is denied as it was probably meant, else whatever the path. */
function toDenyPattern(source: SourcePattern): RequestPattern {
  const { path, ...rest } = toPattern(source);
  if (path === undefined) return rest;
  const parsed = parsePathPattern(path);
  const meant = parsed.ok ? parsed.pattern : parsed.suggestion;
  return meant === undefined ? rest : { ...rest, path: meant };
}

function compileGraphQl(block: NonNullable<AllowRule['graphql']>): InspectionOutcome {
  const { operations, fields, persisted } = block;
  const problems = pathProblems('graphql', block);
  const isEmpty = operations?.length === 0 || fields?.length === 0;
  if (isEmpty || (operations === undefined && fields === undefined && (persisted ?? []).length === 0))
    problems.push(nothing('graphql', 'operations, fields or persisted, none of them empty'));
  for (const hash of persisted ?? [])
    if (!/^[0-9a-f]{64}$/.test(hash))
      problems.push({
        reason: 'Invalid',
        message: `graphql.persisted ${JSON.stringify(hash)} is no sha256; write 64 lower-case hexadecimal digits`,
      });
  return { inspection: { kind: 'GraphQL', ...block }, problems };
}

function compileJsonRpc(block: NonNullable<AllowRule['jsonRpc']>): InspectionOutcome {
  const empty = block.methods.length === 0 ? [nothing('jsonRpc', "methods, for example ['eth_call']")] : [];
  return { inspection: { kind: 'JSONRPC', ...block }, problems: [...pathProblems('jsonRpc', block), ...empty] };
}

function compileMcp(block: NonNullable<AllowRule['mcp']>): InspectionOutcome {
  const isEmpty = (block.methods ?? []).length === 0 && block.tools === undefined;
  const empty = isEmpty ? [nothing('mcp', "tools or methods, or methods: ['*'] for everything")] : [];
  return { inspection: { kind: 'MCP', ...block }, problems: [...pathProblems('mcp', block), ...empty] };
}

function nothing(block: string, remedy: string): Problem {
  return { reason: 'AllowsNothing', message: `${block} allows nothing as it is; give ${remedy}` };
}

function pathProblems(at: string, { path }: { readonly path?: string }): Problem[] {
  if (path === undefined) return [];
  const parsed = parsePathPattern(path);
  if (parsed.ok) return [];
  const remedy = parsed.suggestion === undefined ? remedies[parsed.problem] : `write ${parsed.suggestion}`;
  return [
    { reason: 'BadPath', message: `${at}.path ${JSON.stringify(path)} would not match what it seems to: ${remedy}` },
  ];
}

const remedies: Readonly<Record<PatternProblem, string>> = {
  NoSlash: 'start it with a slash, or write ** for every path',
  NotCanonical: 'write it as ASCII, other bytes percent-encoded once, without backslash, NUL or controls',
  DotSegment: 'requests with dot segments are refused; write the path they lead to',
  PartialDoubleStar: '** stands for whole segments; write * for a part of one',
  TooManySegments: 'a pattern has at most 64 segments; end it with /**',
  Query: 'a query is matched by query: {name: value}, not by the path',
};
