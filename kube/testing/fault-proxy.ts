// A TCP relay between a test's client and the API server that can swallow bytes, or cut, on command.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface FaultProxy {
  readonly url: string;
  /** Connections open now fall silent in both directions and stay open; new ones work. */
  blackhole(): void;
  /** Connections open now are reset. */
  reset(): void;
  /** Until `accept`, new connections are reset. */
  refuse(): void;
  accept(): void;
  /** How many connections were ever made. */
  readonly connections: number;
  close(): void;
}

export async function startFaultProxy(target: URL): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let refusing = false;
  let connections = 0;
  const server = createServer(client => {
    connections++;
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('data', chunk => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
  });
  await new Promise<void>(listening => {
    server.listen(0, '127.0.0.1', listening);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    blackhole: () => {
      for (const sockets of pairs) for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    reset: () => {
      for (const [client] of pairs) client.resetAndDestroy();
    },
    refuse: () => {
      refusing = true;
    },
    accept: () => {
      refusing = false;
    },
    get connections() {
      return connections;
    },
    close: () => {
      server.close();
      for (const sockets of pairs) for (const socket of sockets) socket.destroy();
    },
  };
}
