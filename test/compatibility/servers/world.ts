// The servers that real clients talk to: one HTTPS server (HTTP/1.1 and 2) in the test process behind the outside world's
// port 443, with a handler a host, and whatever else a client needs on ports of its own.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Outside } from '../../outside/client/outside.ts';
import { outsideLayoutOf } from '../../outside/client/outside-layout.ts';
import { openTestCa, type TestCa } from '../../outside/server/test-ca.ts';

export interface HostServer {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Offers no HTTP/2, as servers of WebSockets and many small ones. */
  readonly onlyHttp1?: true;
}

export interface World {
  readonly ca: TestCa;
  /** Where unix sockets of further servers go. */
  readonly folder: string;
  /** `METHOD host/path` of every request that arrived. */
  readonly arrived: string[];
  /** From now on that port of every outside address is a unix socket of this process. */
  readonly open: (port: number, server: Server, name: string) => Promise<void>;
  readonly close: () => void;
}

export async function startWorld(outside: Outside, hosts: Readonly<Record<string, HostServer>>): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'cr-world-'));
  const ca = openTestCa(outsideLayoutOf(outside.name).folder);
  const arrived: string[] = [];
  const servers: Server[] = [];
  const open = async (port: number, server: Server, name: string) => {
    const path = join(folder, `${name}.sock`);
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
    await outside.listen(port, { kind: 'unix', path });
  };
  await open(443, createWeb(ca, hosts, arrived), 'web');
  const close = () => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ca, folder, arrived, open, close };
}

function createWeb(ca: TestCa, hosts: Readonly<Record<string, HostServer>>, arrived: string[]): Server {
  const server = createSecureServer({
    allowHTTP1: true,
    SNICallback: (serverName, done) => done(null, ca.contextFor(serverName.toLowerCase())),
    ALPNCallback: ({ servername, protocols }) =>
      protocols.find(name => name === 'http/1.1' || (name === 'h2' && hosts[servername]?.onlyHttp1 !== true)),
  });
  server.setSecureContext(ca.certificateFor('unnamed.test'));
  const note = (request: IncomingMessage) => {
    const host = hostOf(request);
    arrived.push(`${request.method} ${host}${request.url}`);
    return hosts[host];
  };
  // Those of HTTP/2 have all that is used here of the HTTP/1.1 ones.
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const host = note(request);
    if (host === undefined) response.writeHead(404).end();
    else host.answer(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const host = note(request);
    if (host?.upgrade === undefined) socket.destroy();
    else host.upgrade(request, socket, head);
  });
  return server;
}

function hostOf(request: IncomingMessage): string {
  return String(request.headers[':authority'] ?? request.headers.host ?? '').replace(/:\d+$/, '');
}
