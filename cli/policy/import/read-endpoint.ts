// One endpoint of an OpenShell entry into rules of our own. What cannot be said exactly is left out, never widened.
import { Fields } from './fields.ts';
import type { Findings } from './finding.ts';
import type { Located } from './located.ts';
import { type PersistedQuery, readGraphql, readJsonRpc, readMcp, readWebSocket } from './read-calls.ts';
import { pathProblem } from './read-paths.ts';
import { readPeers } from './read-peers.ts';
import { type Access, type EndpointRules, readRest } from './read-rest.ts';
import type { RuleBlock, RuleDraft } from './rule-draft.ts';

const protocols = ['', 'tcp', 'rest', 'websocket', 'graphql', 'sql', 'json-rpc', 'mcp'] as const;
type Protocol = (typeof protocols)[number];
const accesses: readonly ['', ...Access[]] = ['', 'read-only', 'read-write', 'full'];

export function readEndpoint(item: Located, findings: Findings): readonly RuleDraft[] {
  const endpoint = Fields.of(item, findings);
  if (endpoint === undefined) return [];
  const protocol = endpoint.choice('protocol', protocols) ?? (endpoint.has('protocol') ? undefined : '');
  const peers = readPeers(endpoint, findings);
  const tls = endpoint.choice('tls', ['', 'skip', 'terminate', 'passthrough']);
  const enforcement = endpoint.choice('enforcement', ['', 'audit', 'enforce']);
  const path = endpoint.text('path') ?? '';
  const access = endpoint.choice('access', accesses) || undefined;
  const rules = readAllows(endpoint, findings);
  const denyRules = readDenies(endpoint, findings);
  const blocksOf = { ...readLimits(endpoint, findings), persisted: readPersisted(endpoint, findings) };
  reportLeftOut(endpoint, findings);
  endpoint.done('unknown key of an endpoint');
  const problem = pathProblem(path);
  if (problem !== undefined) findings.refused(endpoint.at('path'), problem);
  if (tls === 'terminate' || tls === 'passthrough')
    findings.inert(
      endpoint.at('tls'),
      `tls: ${tls} is deprecated and does nothing; TLS is inspected where rules need it`,
    );
  if (protocol === undefined || peers === undefined || problem !== undefined) return [];
  if (protocol === 'sql') {
    findings.unsupported(
      endpoint.at('protocol'),
      'sql cannot be enforced; the endpoint is left out (protocol: tcp opens it by name)',
    );
    return [];
  }
  const common = {
    to: peers.to,
    ...(peers.allowedCIDRs === undefined ? {} : { allowedCIDRs: [...peers.allowedCIDRs] }),
  };
  if (protocol === '' || protocol === 'tcp' || tls === 'skip') {
    reportInert(endpoint, protocol, findings);
    return [{ ...common, protocol: protocol === 'tcp' || peers.byAddress ? 'TCP' : 'TLS' }];
  }
  checkBase(endpoint, protocol, { access, rules, allMethods: blocksOf.allMethods }, findings);
  const blocks = toBlocks(protocol, { access, rules, denyRules, path }, blocksOf, endpoint, findings);
  const mode = enforcement === 'enforce' ? {} : { mode: 'Audit' as const };
  if (mode.mode !== undefined && blocks.length > 0)
    findings.differs(
      endpoint.at('enforcement'),
      'audit (the default there) is written out as mode: Audit: what the rule lists passes and is recorded, the rest is not allowed',
    );
  return blocks.map(block => ({ ...common, ...block, ...mode }));
}

function toBlocks(
  protocol: Exclude<Protocol, '' | 'tcp' | 'sql'>,
  rules: EndpointRules,
  { persisted, allMethods }: { persisted: readonly PersistedQuery[]; allMethods: boolean },
  endpoint: Fields,
  findings: Findings,
): readonly RuleBlock[] {
  if (protocol === 'rest') {
    const block = readRest(rules, findings);
    return block === undefined ? [] : [block];
  }
  if (rules.denyRules.length > 0) {
    findings.unsupported(
      endpoint.at('deny_rules'),
      `deny rules of ${protocol}; without them it would be wider, so the endpoint is left out`,
    );
    return [];
  }
  if (protocol === 'websocket') return readWebSocket(rules, findings);
  if (protocol === 'graphql') return readGraphql(rules, persisted, findings);
  return protocol === 'json-rpc' ? readJsonRpc(rules, findings) : readMcp(rules, allMethods, findings);
}

/** An inspected protocol without anything allowed is an error there too. */
function checkBase(
  endpoint: Fields,
  protocol: Protocol,
  { access, rules, allMethods }: { access: Access | undefined; rules: readonly Fields[]; allMethods: boolean },
  findings: Findings,
): void {
  if (access !== undefined && rules.length > 0)
    findings.refused(endpoint.at('access'), 'access beside rules; keep one of them');
  if (access !== undefined && (protocol === 'mcp' || protocol === 'json-rpc'))
    findings.refused(endpoint.at('access'), `access does not go with protocol: ${protocol}; list rules`);
  if (access === undefined && !endpoint.has('rules') && !allMethods)
    findings.refused(endpoint.at('protocol'), `protocol: ${protocol} needs access or rules`);
}

function readAllows(endpoint: Fields, findings: Findings): readonly Fields[] {
  const items = endpoint.list('rules');
  if (items?.length === 0) findings.refused(endpoint.at('rules'), 'is empty; remove it or list rules');
  return (items ?? []).flatMap(item => {
    const fields = Fields.of(item, findings);
    const allow = fields?.fields('allow');
    if (fields !== undefined && !fields.has('allow')) findings.refused(item, 'a rule must hold `allow`');
    fields?.done('unknown key of a rule; it holds `allow` only');
    return allow ?? [];
  });
}

function readDenies(endpoint: Fields, findings: Findings): readonly Located[] {
  const items = endpoint.list('deny_rules');
  if (items?.length === 0) findings.refused(endpoint.at('deny_rules'), 'is empty; remove it or list rules');
  return items ?? [];
}

/** Without a protocol nobody looks into the connection: whatever speaks of requests does nothing, there and here. */
function reportInert(endpoint: Fields, protocol: Protocol, findings: Findings): void {
  const why = protocol === '' ? 'without protocol' : protocol === 'tcp' ? 'with protocol: tcp' : 'with tls: skip';
  for (const name of ['access', 'rules', 'deny_rules', 'enforcement', 'path'])
    if (endpoint.has(name))
      findings.inert(
        endpoint.at(name),
        `${name} ${why} has no effect: the whole host is open; add protocol: rest to mean it`,
      );
}

function readLimits(endpoint: Fields, findings: Findings): { readonly allMethods: boolean } {
  const mcp = endpoint.fields('mcp');
  const limits: readonly (readonly [Fields | undefined, string])[] = [
    [endpoint, 'graphql_max_body_bytes'],
    [endpoint.fields('json_rpc'), 'max_body_bytes'],
    [mcp, 'max_body_bytes'],
  ];
  for (const [fields, name] of limits) {
    const bytes = fields?.whole(name, 1, 4_294_967_295);
    if (fields !== undefined && bytes !== undefined && bytes !== 65_536)
      findings.unsupported(fields.at(name), `${name}: bodies that rules read are at most 65536 bytes`);
  }
  endpoint.fields('json_rpc')?.raw('max_body_bytes');
  if (mcp?.flag('strict_tool_names') === false)
    findings.unsupported(mcp.at('strict_tool_names'), 'tool names are always strict');
  const allMethods = mcp?.flag('allow_all_known_mcp_methods') === true;
  mcp?.done('unknown key of mcp');
  return { allMethods };
}

const operationNames = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

/** Hashes of persisted queries; other ids are names that only the server can resolve. */
function readPersisted(endpoint: Fields, findings: Findings): readonly PersistedQuery[] {
  const policy = endpoint.choice('persisted_queries', ['deny', 'allow_registered']);
  const map = endpoint.map('graphql_persisted_queries');
  if (map === undefined) return [];
  if (policy !== 'allow_registered') {
    findings.inert(
      endpoint.at('graphql_persisted_queries'),
      'without persisted_queries: allow_registered nothing uses it',
    );
    return [];
  }
  return [...map.entries].flatMap(([id, entry]) => {
    const fields = Fields.of(entry, findings);
    const type = fields?.choice('operation_type', ['query', 'mutation', 'subscription']);
    const roots = fields?.texts('fields') ?? [];
    fields?.text('operation_name');
    fields?.done('unknown key of a persisted query');
    if (type === undefined) {
      if (fields?.has('operation_type') === false) findings.refused(entry, 'a persisted query needs operation_type');
      return [];
    }
    if (/^[0-9a-f]{64}$/i.test(id)) return [{ hash: id.toLowerCase(), type: operationNames[type], fields: roots }];
    findings.unsupported(entry, 'only sha256 hashes name a persisted query here');
    return [];
  });
}

/** Left out whole: the rule lets the same requests through, without what these add. */
const leftOut = {
  websocket_credential_rewrite: 'credentials in WebSocket messages are not rewritten',
  request_body_credential_rewrite: "credentials in bodies are not rewritten; use the rule's credential (a header)",
  allow_uninspected_credentials: 'credentials are sent by inspected rules only',
  credential_signing: "requests are not signed; use the rule's credential, or let the agent hold a short-lived key",
  signing_service: 'requests are not signed',
  signing_region: 'requests are not signed',
  credential_binding: 'attach the Secret in the rule: credential: {secretRef: {name, key}, as: Bearer}',
} as const;

function reportLeftOut(endpoint: Fields, findings: Findings): void {
  for (const [name, what] of Object.entries(leftOut)) {
    const value = endpoint.raw(name);
    if (value !== undefined && !(value.kind === 'scalar' && value.value === false))
      findings.unsupported(value, `${name}: ${what}`);
  }
  if (endpoint.flag('allow_encoded_slash') !== undefined)
    findings.inert(endpoint.at('allow_encoded_slash'), 'not needed: %2F is always data inside one segment');
}
