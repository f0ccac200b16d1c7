// Listeners on every address: raw TCP services, web servers, and doors to unix sockets of the test process.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TcpService } from '../control-protocol.ts';
import type { State } from './state.ts';
import { createHttpServer, createHttpsServer } from './web-server.ts';

export class Listeners {
  readonly #state: State;
  readonly #servers = new Map<number, Server>();

  constructor(state: State) {
    this.#state = state;
  }

  /** Replaces what listened there. */
  async listen(port: number, service: TcpService, role: 'web' | 'model' = 'web'): Promise<void> {
    await this.unlisten(port);
    const server = createService(this.#state, service, role);
    this.#servers.set(port, server);
    server.listen({ port, host: '::', backlog: 4096 });
    await once(server, 'listening');
  }

  /** Stops accepting; connections that are open stay. */
  async unlisten(port: number): Promise<void> {
    const server = this.#servers.get(port);
    if (server === undefined) return;
    this.#servers.delete(port);
    // `close` also waits for open connections, which is not what is wanted here: the port is free at once.
    server.close();
    await Promise.resolve();
  }
}

function createService(state: State, service: TcpService, role: 'web' | 'model'): Server {
  if (service.kind === 'http') return createHttpServer(state, role);
  if (service.kind === 'https') return createHttpsServer(state, service.asksForCertificate);
  if (service.kind === 'unix')
    return createServer({ allowHalfOpen: true, noDelay: true }, socket => passOn(socket, service.path));
  return createServer({ allowHalfOpen: true }, socket => serveRaw(state, service, socket));
}

function serveRaw(state: State, service: TcpService, socket: Socket): void {
  const record = state.recorder.openConnection(service.kind, socket);
  const hash = createHash('sha256');
  const sum = () => (record.sha256 = hash.copy().digest('hex'));
  if (service.kind === 'banner') socket.write(service.text);
  socket.on('data', chunk => {
    record.bytesIn += chunk.length;
    hash.update(chunk);
    if (service.kind !== 'sink' && !socket.write(chunk)) {
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
  });
  socket.on('end', () => {
    sum();
    socket.end();
  });
  socket.on('close', sum);
}

function passOn(socket: Socket, path: string): void {
  const inner = connect({ path, allowHalfOpen: true });
  const end = () => {
    socket.destroy();
    inner.destroy();
  };
  socket.on('error', end);
  inner.on('error', end);
  socket.pipe(inner);
  inner.pipe(socket);
}
