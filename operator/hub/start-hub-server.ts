// The hub's socket side: TLS 1.3, HTTP/2, one long stream a sidecar. What is said on it is session.ts.
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ServerKeys } from '../../kube/tls/renew-server-keys.ts';
import { maxFrameBytes, sessionPath } from '../../protocol/session.ts';
import type { Authentication } from './authenticate.ts';
import { createFrameBudget } from './frame-budget.ts';
import { LineBuffer } from './line-buffer.ts';
import type { Canaries, Session, SessionPeer, SessionTransport } from './session.ts';

export interface HubServerOptions {
  readonly host: string;
  readonly port: number;
  /** Accepts and closes: reachable only where NetworkPolicy is not enforced. */
  readonly forbiddenPort: number;
  readonly keys: ServerKeys;
  readonly authenticate: (token: string, address: string) => Promise<Authentication>;
  readonly openSession: (peer: SessionPeer, transport: SessionTransport, canaries: Canaries) => Session;
  readonly sessionEnded: (session: Session) => void;
  readonly refused: (reason: string, address: string) => void;
}

export interface HubServer {
  readonly port: number;
  readonly forbiddenPort: number;
  /** From the next handshake on. */
  setKeys(keys: ServerKeys): void;
}

const pingEveryMs = 15_000;
const pingTimeoutMs = 10_000;
const idleConnectionMs = 15_000;
const lingerMs = 2_000;
const maxConnections = 10_000;
/** A sidecar needs one, two while it reconnects; nobody takes the places of all others. */
const maxConnectionsPerAddress = 64;
const maxUpFrameBytes = 64 * 1024;

/** Listens until `signal` aborts, which closes every session. */
export async function startHubServer(options: HubServerOptions, signal: AbortSignal): Promise<HubServer> {
  const server = createSecureServer({
    ...secureContext(options.keys),
    minVersion: 'TLSv1.3',
    noDelay: true,
    handshakeTimeout: 10_000,
    settings: { maxConcurrentStreams: 4, enablePush: false },
  });
  server.maxConnections = maxConnections;
  server.prependListener('connection', limitPerAddress());
  const connections = new Set<ServerHttp2Session>();
  server.on('session', session => guardConnection(session, connections));
  server.on('stream', (stream, headers) => void serve(stream as ServerHttp2Stream, headers, options, forbidden));
  // A peer that fails its handshake concerns the peer alone.
  server.on('sessionError', () => undefined);
  const forbidden = createServer(socket => socket.on('error', () => undefined).end());
  await Promise.all([
    listen(server, options.port, options.host),
    listen(forbidden, options.forbiddenPort, options.host),
  ]);
  signal.addEventListener('abort', () => shutDown(server, forbidden, connections), { once: true });
  return {
    port: portOf(server),
    forbiddenPort: portOf(forbidden),
    setKeys: keys => server.setSecureContext({ ...secureContext(keys), minVersion: 'TLSv1.3' }),
  };
}

function secureContext({ cert, key }: ServerKeys) {
  return { cert, key };
}

/** Before the handshake, which is what costs. */
function limitPerAddress(): (socket: Socket) => void {
  const open = new Map<string, number>();
  return socket => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (count > maxConnectionsPerAddress) socket.destroy();
  };
}

/** A connection without a session is dropped, and so is one whose peer stopped answering pings. */
function guardConnection(session: ServerHttp2Session, connections: Set<ServerHttp2Session>): void {
  connections.add(session);
  session.on('error', () => session.destroy());
  session.setTimeout(idleConnectionMs, () => session.destroy());
  let overdue: NodeJS.Timeout | undefined;
  const beat = setInterval(() => {
    overdue = setTimeout(() => session.destroy(), pingTimeoutMs).unref();
    if (!session.ping(() => clearTimeout(overdue))) session.destroy();
  }, pingEveryMs).unref();
  session.once('close', () => {
    clearInterval(beat);
    clearTimeout(overdue);
    connections.delete(session);
  });
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: HubServerOptions,
  forbidden: Server,
): Promise<void> {
  stream.on('error', () => stream.destroy());
  const socket = stream.session?.socket;
  const address = socket?.remoteAddress ?? '';
  if (headers[':method'] !== 'POST' || headers[':path'] !== sessionPath) return refuse(stream, 404, 'NotFound');
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) return refuse(stream, 401, 'NoToken');
  const who = await options.authenticate(token, address);
  if (stream.destroyed) return;
  if (!who.ok) {
    options.refused(who.reason, address);
    return refuse(stream, who.status, who.reason);
  }
  const canaries: Canaries = {
    controlPort: socket?.localPort ?? options.port,
    forbiddenPort: portOf(forbidden),
    address: (socket?.localAddress ?? '').replace(/^::ffff:/, ''),
  };
  attach(stream, options.openSession(who.peer, transportOf(stream), canaries), who.expiresAtMs, options);
}

function attach(stream: ServerHttp2Stream, session: Session, expiresAtMs: number, options: HubServerOptions): void {
  // The stream's own keep-alive is the ping; the connection's idle limit was for peers that never got here.
  stream.session?.setTimeout(0);
  stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
  const lines = new LineBuffer(maxUpFrameBytes);
  const expiry = setTimeout(
    () => session.close('TokenExpired'),
    Math.min(expiresAtMs - Date.now(), 2 ** 31 - 1),
  ).unref();
  const budget = createFrameBudget(() => performance.now());
  let pause: NodeJS.Timeout | undefined;
  stream.on('data', (chunk: Buffer) => {
    const result = lines.push(chunk);
    if ('error' in result) return session.close(result.error);
    for (const line of result.lines) session.receive(line);
    const pauseMs = budget(result.lines.length);
    if (pauseMs === 0) return;
    stream.pause();
    pause = setTimeout(() => stream.resume(), pauseMs).unref();
  });
  stream.on('drain', () => session.flush());
  stream.on('end', () => stream.end());
  stream.once('close', () => {
    clearTimeout(expiry);
    clearTimeout(pause);
    options.sessionEnded(session);
  });
}

function transportOf(stream: ServerHttp2Stream): SessionTransport {
  return {
    send: line => {
      if (line.length > maxFrameBytes) stream.destroy(new Error('frame over the protocol bound'));
      else if (!stream.destroyed && !stream.writableEnded) stream.write(line);
    },
    bufferedBytes: () => stream.writableLength,
    end: () => {
      stream.end();
      // A peer that does not end its side is not waited for.
      setTimeout(() => stream.close(), lingerMs).unref();
    },
  };
}

function refuse(stream: ServerHttp2Stream, status: number, reason: string): void {
  stream.respond({ ':status': status, 'content-type': 'text/plain' });
  stream.end(`${reason}\n`);
}

function listen(server: Server | Http2SecureServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server | Http2SecureServer): number {
  return (server.address() as AddressInfo).port;
}

function shutDown(server: Http2SecureServer, forbidden: Server, connections: ReadonlySet<ServerHttp2Session>): void {
  server.close();
  forbidden.close();
  for (const session of connections) session.destroy();
}
