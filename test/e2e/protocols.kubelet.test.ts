// The protocols that are decided request by request, the freeze, and a corporate proxy: on a whole cluster, one sandbox.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { bundleScripts } from '../compatibility/bundle-scripts.ts';
import { createChatServer } from '../compatibility/servers/chat-server.ts';
import { createGraphqlServer } from '../compatibility/servers/graphql-server.ts';
import { hello } from '../compatibility/servers/hello.ts';
import { createMcpServer } from '../compatibility/servers/mcp-server.ts';
import { startWorld, type World } from '../compatibility/servers/world.ts';
import { startConnectProxy } from '../outside/client/start-connect-proxy.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { fetchInside } from './fetch-inside.ts';
import { creelNamespace, installCreel } from './install-creel.ts';
import { type Ran, SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-protocols-${process.pid}`);
const freeze = `freeze-${namespace.name}`;
const resolved: string[] = [];
let creel: CreelUnderTest;
let world: World;

const peer = (host: string, port = 443) => [{ host, ports: [port] }];
const rules = [
  { name: 'api', to: peer('api.test'), protocol: 'HTTP', http: { access: 'ReadOnly' } },
  { name: 'chat', to: peer('chat.test'), protocol: 'WebSocket', webSocket: { path: '/room', text: ['hello*'] } },
  {
    name: 'graph',
    to: peer('graph.test'),
    protocol: 'GraphQL',
    graphql: { path: '/graphql', operations: ['Query'], fields: ['viewer'] },
  },
  { name: 'tools', to: peer('mcp.test'), protocol: 'MCP', mcp: { path: '/mcp', tools: ['add'] } },
  { name: 'echo', to: peer('echo.test', 7), protocol: 'TCP' },
];

beforeAll(async () => {
  creel = await creelUnderTest();
  await creel.outside.reset();
  world = await startWorld(creel.outside, {
    'api.test': hello,
    'chat.test': createChatServer(),
    'graph.test': createGraphqlServer(field => resolved.push(field)),
    'mcp.test': createMcpServer(tool => world.arrived.push(`tool ${tool}`)),
  });
  await namespace.create();
  await namespace.apply({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'EgressPolicy',
    metadata: { name: 'protocols', namespace: namespace.name },
    spec: { sandboxSelector: { matchLabels: {} }, allow: rules },
  });
  await namespace.applySandbox('agent', { egress: { onUnlisted: 'Deny' } });
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
  await putClients();
});
afterAll(async () => {
  await namespace.kubectl(['delete', 'clusteregresspolicy', freeze, '--ignore-not-found']);
  await namespace.delete();
  world?.close();
  await creel?.outside.listen(443, { kind: 'https' });
});

async function putClients(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cr-clients-'));
  try {
    await bundleScripts(['mcp-call', 'chat'], folder);
    for (const name of ['mcp-call.mjs', 'chat.mjs'])
      await namespace.put('agent', name, readFileSync(join(folder, name), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const inside = (script: string) => namespace.inside('agent', script);
const fetch = (url: string) => fetchInside(namespace, 'agent', url);

const chat = (path: string, message: string) => inside(`node chat.mjs wss://chat.test${path} '${message}'`);
const askGraph = async (query: string, more: object = {}) => {
  const body = JSON.stringify({ query, ...more });
  const send = `-H 'content-type: application/json' -d '${body}' https://graph.test/graphql`;
  return (await inside(`curl -sS -m 10 -w '\\n%{http_code}' ${send}`)).stdout;
};
const callTool = (tool: string, args: object) => inside(`node mcp-call.mjs ${tool} '${JSON.stringify(args)}'`);

describe('in a real sandbox', () => {
  test('WebSocket: a listed message is carried, another ends the connection, another path never begins', async () => {
    expect((await chat('/room', 'hello there')).stdout).toContain('message echo hello there');
    expect((await chat('/room', 'drop everything')).stdout).toContain('closed 1008');
    expect((await chat('/admin', 'hello')).stdout).toContain('Unexpected server response: 403');
    expect(world.arrived).not.toContain('GET chat.test/admin');
  });

  test('GraphQL: the listed field of a query is resolved, no other field, no mutation, none beside it', async () => {
    expect(await askGraph('{viewer}')).toBe('{"data":{"viewer":"agent"}}\n200');
    const refused = ['{secrets}', 'mutation{drop}', '{viewer secrets}', '{a:viewer ...F} fragment F on Query{secrets}'];
    for (const query of refused) expect(await askGraph(query), query).toMatch(/RequestNotAllowed[^]*\n403$/);
    const two = 'query A{viewer} mutation B{drop}';
    expect(await askGraph(two, { operationName: 'A' })).toMatch(/\n403$/);
    expect(resolved).toEqual(['viewer']);
  });

  test('MCP: the session and the listed tool work, another tool is never called', async () => {
    expect((await callTool('add', { a: 1, b: 2 })).stdout).toContain('sum 3');
    expect((await callTool('delete_all', {})).stdout).toContain('RequestNotAllowed');
    expect(world.arrived).toContain('tool add');
    expect(world.arrived).not.toContain('tool delete_all');
  });
});

const holdEcho = `python3 - <<'EOF'
import socket, time
s = socket.create_connection(('echo.test', 7)); s.sendall(b'x'); s.recv(1)
try: s.recv(1)
except OSError: pass
print('closed', round(time.time() * 1000))
EOF`;
const holdChat = `node -e '
const socket = new WebSocket("wss://chat.test/room");
socket.onmessage = () => undefined;
socket.onopen = () => socket.send("hello");
socket.onclose = ({ code }) => console.log("code", code, "closed", Date.now());'`;
const closedAtMs = ({ stdout }: Ran) => Number(/closed (\d+)/.exec(stdout)?.[1]);

test('a ClusterEgressPolicy that freezes cuts what is open within a second, and lets nothing new through until it is gone', async () => {
  const before = world.arrived.length;
  const held = [inside(holdEcho), inside(holdChat)] as const;
  await creel.outside.waitForConnection(({ localPort, bytesIn }) => localPort === 7 && bytesIn > 0, 15_000);
  await waitUntil(() => (world.arrived.length > before ? true : undefined), {
    what: 'the WebSocket to be open',
    timeoutMs: 15_000,
    intervalMs: 20,
  });
  await namespace.apply({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ClusterEgressPolicy',
    metadata: { name: freeze },
    spec: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace.name } }, freeze: true },
  });
  const frozenAtMs = Date.now();
  const [echo, socket] = await Promise.all(held);
  expect(socket.stdout).toContain('code 1012');
  const took = [echo, socket].map(ran => closedAtMs(ran) - frozenAtMs);
  process.stderr.write(`freeze stored → connections closed: ${took.join(', ')} ms\n`);
  for (const ms of took) expect(ms).toBeLessThan(1000);

  const arrived = world.arrived.length;
  expect((await fetch('https://api.test/')).status).not.toBe(200);
  expect(world.arrived.length).toBe(arrived);
  await namespace.kubectl(['delete', 'clusteregresspolicy', freeze]);
  const thawed = async () => ((await fetch('https://api.test/')).status === 200 ? true : undefined);
  await waitUntil(thawed, { what: 'the thaw', timeoutMs: 15_000, intervalMs: 100 });
});

describe('a corporate proxy, by the chart’s upstreamProxy', () => {
  const userPassword = 'sandboxes:pass-word';
  const port = 3128;
  const start = () => {
    const authorization = `Basic ${Buffer.from(userPassword).toString('base64')}`;
    return startConnectProxy(creel.outside, { port, authorization });
  };

  test('carries what is allowed; while it is away that is a named failure, and nothing goes around it', async () => {
    const proxy = await start();
    try {
      await namespace.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'corporate-proxy', namespace: creelNamespace },
        stringData: { userPassword },
      });
      const { cluster, outside } = creel;
      const upstreamProxy = { url: `http://93.184.215.99:${port}`, secretName: 'corporate-proxy' };
      await installCreel(cluster, { extraCa: outside.caPem, upstreamProxy });
      const isCarried = async () => {
        const { status } = await fetch('https://api.test/');
        return status === 200 && proxy.asked().length > 0 ? true : undefined;
      };
      await waitUntil(isCarried, { what: 'the proxy to be in force', timeoutMs: 30_000, intervalMs: 200 });
      expect(new Set(proxy.asked())).toEqual(new Set(['CONNECT api.test:443 HTTP/1.1']));
      expect((await inside('curl -sS -m 10 -X DELETE https://api.test/')).stdout).toContain('RequestNotAllowed');
    } finally {
      proxy.close();
    }
    const arrived = world.arrived.length;
    const { status, body } = await fetch('https://api.test/');
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({
      error: 'BadUpstream',
      detail: expect.stringContaining('the upstream proxy'),
    });
    expect(world.arrived.length).toBe(arrived);

    const again = await start();
    try {
      expect((await fetch('https://api.test/')).status).toBe(200);
    } finally {
      again.close();
      await installCreel(creel.cluster, { extraCa: creel.outside.caPem });
    }
  });
});
