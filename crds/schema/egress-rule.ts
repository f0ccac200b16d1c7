// Rules of EgressPolicy and ClusterEgressPolicy. They keep unknown fields (a pruned `deny:` would leave a wider rule), so the
// compiler must refuse those by name; zod is strict here for that reason.
import { z } from 'zod';
import { absolutePath, aName, dnsLabel, port, secretKeyRef } from './primitives.ts';
import { rule } from './rule.ts';

const keepsUnknown = { 'x-kubernetes-preserve-unknown-fields': true };

const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^(\*{1,2}\.)?[^*\p{Z}\p{Cc}/]+$/u, {
    error: 'is no host; write api.example.com, *.example.com or **.example.com, without scheme, path or port',
  })
  .describe('A name, "*.name" (exactly one label more) or "**.name" (any number more).');

const cidr = z
  .string()
  .min(3)
  .max(49)
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/, {
    error: 'is no block of addresses; write 203.0.113.0/24, one address as 203.0.113.7/32',
  });

const service = z
  .strictObject({
    name: dnsLabel,
    namespace: dnsLabel.exactOptional().describe("Default: the policy's own."),
    port,
  })
  .meta(keepsUnknown);

const peer = rule(
  z
    .strictObject({
      host: host.exactOptional(),
      cidr: cidr.exactOptional().describe('Addresses, for connections by address.'),
      service: service.exactOptional().describe('A Service of this cluster.'),
      ports: z.array(port).min(1).max(32).exactOptional().describe('Required beside host and cidr in an allow rule.'),
    })
    .meta(keepsUnknown),
  '(has(self.host) ? 1 : 0) + (has(self.cidr) ? 1 : 0) + (has(self.service) ? 1 : 0) == 1',
  'give exactly one of host, cidr or service',
  value => [value.host, value.cidr, value.service].filter(given => given !== undefined).length === 1,
);
const allowPeer = rule(
  peer,
  'has(self.ports) != has(self.service)',
  'host and cidr need ports, for example ports: [443]; a service has its own port',
  value => (value.ports !== undefined) !== (value.service !== undefined),
);

const binaries = z
  .array(absolutePath)
  .min(1)
  .max(32)
  .describe('Executables that own the socket (git-remote-http, not git); absent: any.');

const method = z
  .string()
  .min(1)
  .max(32)
  .regex(/^([A-Z][A-Z-]*|\*)$/, { error: 'is no method; write it in capitals, GET, or * for any' });
const path = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^(\*\*|\/[^\p{Z}\p{Cc}#]*)$/u, { error: 'is no path; begin it with / (/v1/**), or write ** for any' });
const httpRequest = z
  .strictObject({
    methods: z.array(method).min(1).max(16).exactOptional().describe('Absent or *: any. GET implies HEAD.'),
    path: path.exactOptional().describe('* is one segment, ** any number; /v1/** matches /v1 too.'),
    query: z
      .record(z.string().max(253), z.string().max(1024))
      .meta({ maxProperties: 16 })
      .exactOptional()
      .describe('Keys and patterns of their values (* is anything); keys that are not named are free.'),
  })
  .meta(keepsUnknown);
const http = z
  .strictObject({
    access: z
      .enum(['ReadOnly', 'ReadWrite', 'Full'])
      .exactOptional()
      .describe('ReadOnly: GET HEAD OPTIONS. ReadWrite: also POST PUT PATCH, no DELETE. Full: all.'),
    allow: z.array(httpRequest).max(64).exactOptional().describe('Requests beside those of access.'),
    deny: z.array(httpRequest).max(64).exactOptional().describe('Beats access and allow.'),
  })
  .meta(keepsUnknown);

const names = (max: number) => z.array(z.string().min(1).max(256)).max(max);
const graphql = z
  .strictObject({
    operations: z
      .array(z.enum(['Query', 'Mutation', 'Subscription']))
      .max(3)
      .exactOptional(),
    fields: names(64).exactOptional().describe('Root fields.'),
    path: path.exactOptional(),
    persisted: names(64).exactOptional().describe('Hashes of persisted queries that may be sent.'),
  })
  .meta(keepsUnknown);
const jsonRpc = z.strictObject({ methods: names(64), path: path.exactOptional() }).meta(keepsUnknown);
const mcp = z
  .strictObject({
    methods: names(64).exactOptional().describe('Exactly these; tools/call then is any tool, but for tools.'),
    tools: names(64)
      .exactOptional()
      .describe('Of tools/call. Without methods, initialize, ping, tools/list and notifications are implied.'),
    path: path.exactOptional().describe('With it the stream (GET) and the end of the session (DELETE) are implied.'),
  })
  .meta(keepsUnknown);
const webSocket = z.strictObject({ path: path.exactOptional(), text: names(64).exactOptional() }).meta(keepsUnknown);

const credential = z
  .strictObject({
    secretRef: secretKeyRef,
    as: z.enum(['Bearer', 'Basic', 'Header']).describe('How the server wants it.'),
    header: z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9-]+$/)
      .exactOptional()
      .describe('For as: Header.'),
    username: z.string().max(256).exactOptional().describe('For as: Basic.'),
  })
  .meta(keepsUnknown);

const ruleName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: aName })
  .describe('Unique in this list; logs and explain show it.');

/** Each inspected protocol and the block it needs; the others may not have any. */
const blocks = { HTTP: 'http', GraphQL: 'graphql', JSONRPC: 'jsonRpc', MCP: 'mcp', WebSocket: 'webSocket' } as const;
const blockEntries = Object.entries(blocks);

const allowFields = z
  .strictObject({
    name: ruleName,
    to: z.array(allowPeer).min(1).max(64).describe('Any of these.'),
    protocol: z
      .enum(['HTTP', 'GraphQL', 'JSONRPC', 'MCP', 'WebSocket', 'TLS', 'TCP'])
      .describe(
        'TLS: opaque, by server name. TCP: by name alone, for protocols in which the server speaks first. Others need their block.',
      ),
    binaries: binaries.exactOptional(),
    ancestors: z
      .boolean()
      .exactOptional()
      .describe('Also processes that one of binaries has started, however deep: wider, for whatever it runs counts.'),
    mode: z.enum(['Enforce', 'Audit']).exactOptional().describe('Audit allows and records (default Enforce).'),
    http: http.exactOptional().describe('Which requests, for protocol HTTP.'),
    graphql: graphql.exactOptional().describe('Which operations, for protocol GraphQL.'),
    jsonRpc: jsonRpc.exactOptional().describe('Which methods, for protocol JSONRPC.'),
    mcp: mcp.exactOptional().describe('Which methods and tools, for protocol MCP.'),
    webSocket: webSocket.exactOptional().describe('Which path and messages, for protocol WebSocket.'),
    credential: credential.exactOptional().describe('Sent with each request by the sidecar; the agent never sees it.'),
    allowedCIDRs: z.array(cidr).min(1).max(16).exactOptional().describe('Private addresses the name may resolve to.'),
  })
  .meta(keepsUnknown);

const exactHostsOnly = 'self.to.all(peer, has(peer.host) && !peer.host.startsWith("*"))';
const hasExactHostsOnly = ({ to }: z.output<typeof allowFields>) =>
  to.every(target => target.host !== undefined && !target.host.startsWith('*'));

const withBlock = rule(
  allowFields,
  blockEntries.map(([protocol, block]) => `has(self.${block}) == (self.protocol == '${protocol}')`).join(' && '),
  'protocol and block must agree: HTTP needs http, GraphQL graphql, JSONRPC jsonRpc, MCP mcp, WebSocket webSocket; TLS and TCP have none',
  value => blockEntries.every(([protocol, block]) => (value[block] !== undefined) === (value.protocol === protocol)),
);
const withAncestors = rule(
  withBlock,
  '!has(self.ancestors) || has(self.binaries)',
  'ancestors needs binaries',
  value => value.ancestors === undefined || value.binaries !== undefined,
);
const withCidrs = rule(
  withAncestors,
  `!has(self.allowedCIDRs) || ${exactHostsOnly}`,
  'allowedCIDRs needs exact hosts in to',
  value => value.allowedCIDRs === undefined || hasExactHostsOnly(value),
);
export const allowRule = rule(
  withCidrs,
  `!has(self.credential) || (self.protocol == 'HTTP' && ${exactHostsOnly})`,
  'credential needs protocol: HTTP and exact hosts in to',
  value => value.credential === undefined || (value.protocol === 'HTTP' && hasExactHostsOnly(value)),
);
export type AllowRule = z.infer<typeof allowRule>;

export const denyRule = z
  .strictObject({ name: ruleName, to: z.array(peer).min(1).max(64), binaries: binaries.exactOptional() })
  .meta(keepsUnknown);
export type DenyRule = z.infer<typeof denyRule>;
