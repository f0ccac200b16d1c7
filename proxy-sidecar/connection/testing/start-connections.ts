// Captured connections in one process: a real listener, policy, TLS and HTTP on both sides; what is not here is the network beyond.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { WebSocketServer } from 'ws';
import { parseHost } from '../../../engine/canonical/host.ts';
import { decideRequest } from '../../../engine/decide/decide-request.ts';
import { sampleGrants, samplePolicy, sampleRoute } from '../../../engine/decide/testing/samples.ts';
import type { CompiledRule } from '../../../protocol/snapshot.ts';
import { openTestCa, type TestCa } from '../../../test/outside/server/test-ca.ts';
import { ByteBudget } from '../../inference/byte-budget.ts';
import type { Captured } from '../../listen/start-transparent-listener.ts';
import { PolicyState } from '../../policy/policy-state.ts';
import { createLeafContexts } from '../../tls/terminate-tls.ts';
import { ReadBuffers } from '../../upstream/read-buffers.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { handleConnection } from '../handle-connection.ts';

export interface Connections {
  readonly ca: TestCa;
  /** Of the captured listener: whoever connects there meant `host`:`port`. */
  readonly capturedPort: number;
  /** Where the next connections go, and what their handling may use. */
  readonly lead: (host: string, port: number, change?: (context: ConnectionContext) => ConnectionContext) => void;
  /** `METHOD host/path` of what reached the servers behind. */
  readonly arrived: string[];
  /** Connections under way. */
  readonly handling: () => number;
  readonly close: () => void;
}

const dayMs = 86_400_000;
/** In the range of addresses that stand for names. */
const synthetic = parseHost('28.64.0.1');

const unchanged = (context: ConnectionContext) => context;

export async function startConnections(rules: readonly CompiledRule[]): Promise<Connections> {
  const folder = mkdtempSync(join(tmpdir(), 'cr-connections-'));
  const end = new AbortController();
  const ca = openTestCa(folder);
  const arrived: string[] = [];
  const upstream = await startUpstreams(ca, arrived);
  const policy = new PolicyState({
    nowMs: Date.now,
    onApplied: () => undefined,
    log: () => undefined,
    signal: end.signal,
  });
  policy.apply({
    revision: { epoch: 1, counter: 1 },
    policy: samplePolicy({ rules }),
    grants: sampleGrants(),
    route: sampleRoute('sk-of-the-route'),
    resolvers: ['127.0.0.1:9'],
    maxPolicyAgeMs: dayMs,
  });
  let host = '';
  let port = 0;
  let change = unchanged;
  const identity = { path: '/usr/bin/git', sha256: 'a'.repeat(64), ancestors: [] };
  const base = {
    policy,
    names: { nameOf: () => host },
    guard: { identify: async () => ({ ok: true, binary: identity }) },
    denials: {
      report: async () => ({ approval: 'apr-sample' }),
      newest: () => undefined,
      subscribe: () => () => undefined,
    },
    leaves: createLeafContexts(
      async name => ({ ...ca.certificateFor(name), notAfterMs: Date.now() + dayMs }),
      Date.now,
    ),
    audit: { record: () => undefined },
    attestation: () => ({ creel: 'attestation' }),
    decideRequest,
    inspectedBudget: new ByteBudget(1024 * 1024),
    readBuffers: new ReadBuffers(),
    answers: { resolve: async () => ({ ok: true, addresses: ['93.184.215.14'], ttlSeconds: 1 }) },
    dial: async () => {
      const behind = port === 443 ? upstream.securePort : upstream.plainPort;
      const socket = connect({ port: behind, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      return { ok: true, socket, address: '93.184.215.14' };
    },
    trust: () => createSecureContext({ ca: ca.caPem }),
    serveInference: async (plain: Socket) => void plain.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmodel'),
    admitRefusal: () => true,
    nowMs: Date.now,
    signal: end.signal,
  } as unknown as ConnectionContext;
  let handling = 0;
  const open = new Set<Socket>();
  const captured = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => {
    open.add(socket.on('error', () => socket.destroy()).once('close', () => open.delete(socket)));
    const connection = { socket, destination: { host: synthetic, port }, local: '10.0.0.1:1', remote: '28.64.0.1:1' };
    handling += 1;
    void handleConnection(connection as Captured, change(base)).finally(() => {
      handling -= 1;
    });
  });
  const capturedPort = await listening(captured);
  return {
    ca,
    capturedPort,
    lead: (nextHost, nextPort, nextChange = unchanged) => {
      [host, port, change] = [nextHost, nextPort, nextChange];
    },
    arrived,
    handling: () => handling,
    close: () => {
      end.abort();
      for (const socket of open) socket.destroy();
      captured.close();
      upstream.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startUpstreams(ca: TestCa, arrived: string[]) {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    arrived.push(`${request.method} ${String(request.headers[':authority'] ?? request.headers.host)}${request.url}`);
    request.resume().on('end', () => response.end('whole answer'));
  };
  const secure = createSecureServer({
    allowHTTP1: true,
    ALPNProtocols: ['h2', 'http/1.1'],
    SNICallback: (name, done) => done(null, ca.contextFor(name)),
  });
  secure.setSecureContext(ca.certificateFor('unnamed.test'));
  secure.on('request', answer);
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', socket => socket.on('message', data => socket.send(data)));
  const upgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => {
    arrived.push(`UPGRADE ${request.headers.host}${request.url}`);
    sockets.handleUpgrade(request, socket, head, opened => sockets.emit('connection', opened));
  };
  secure.on('upgrade', upgrade);
  secure.on('tlsClientError', () => undefined).on('sessionError', () => undefined);
  const plain = createHttpServer(answer);
  const [securePort, plainPort] = [await listening(secure), await listening(plain)];
  const close = () => {
    sockets.close();
    secure.close();
    plain.close();
    plain.closeAllConnections();
  };
  return { securePort, plainPort, close };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
