// Policy changes while a request is under way: not a byte of it may leave afterwards.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import type { Permit } from '../../engine/decide/permit.ts';
import type { GateRecord } from '../connection/request-gate.ts';
import { headerField } from './header-fields.ts';
import { defaultHttpLimits } from './http-limits.ts';
import { serveHttp } from './serve-http.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const permit = {
  verdict: 'Permit',
  host: 'good.example',
  port: 80,
  addresses: ['127.0.0.1'],
  allow: { by: 'Rule', id: 'r', protocol: 'HTTP', mode: 'Enforce' },
} as unknown as Permit;

interface Started {
  readonly agent: Socket;
  readonly received: string[];
  readonly records: GateRecord[];
  readonly served: Promise<void>;
  readonly revoke: () => void;
}

/** `answer` is what upstream says to its first request; it is silent to all later ones. */
async function start(answer: string | undefined, beforeDialled: () => Promise<void>): Promise<Started> {
  const received: string[] = [];
  const records: GateRecord[] = [];
  const upstreamPort = await listen(
    createServer(socket => {
      cleanups.push(() => socket.destroy());
      socket.on('error', () => undefined);
      socket.on('data', data => {
        received.push(data.toString('latin1'));
        if (answer !== undefined && received.length === 1) socket.write(answer);
      });
    }),
  );
  const watched = new Set<() => void>();
  const { promise: served, resolve } = Promise.withResolvers<void>();
  const port = await listen(
    createServer({ allowHalfOpen: true }, client => {
      const serving = serveHttp(client, {
        gate: {
          host: 'good.example',
          port: 80,
          defaultPort: 80,
          decide: async () => ({
            verdict: 'Permit',
            permit,
            setFields: [headerField('Authorization', 'Bearer placed-by-the-gate')],
          }),
          watch: (_head, _body, close) => {
            watched.add(close);
            return () => watched.delete(close);
          },
          record: (_head, record) => records.push(record),
        },
        dial: async () => {
          await beforeDialled();
          const stream: Duplex = connect(upstreamPort, '127.0.0.1');
          await once(stream, 'connect');
          return { ok: true, stream };
        },
        limits: defaultHttpLimits,
        signal: new AbortController().signal,
      });
      void serving.then(resolve);
    }),
  );
  const agent = connect(port, '127.0.0.1').on('error', () => undefined);
  cleanups.push(() => agent.destroy());
  return { agent, received, records, served, revoke: () => watched.forEach(close => close()) };
}

const request = 'GET /x HTTP/1.1\r\nHost: good.example\r\n\r\n';

test('A request revoked while its upstream is dialled is never sent', async () => {
  const dialling = Promise.withResolvers<void>();
  const { promise: goOn, resolve: dialled } = Promise.withResolvers<void>();
  const { agent, received, records, served, revoke } = await start(undefined, async () => {
    dialling.resolve();
    await goOn;
  });
  agent.write(request);
  await dialling.promise;
  revoke();
  dialled();
  await served;
  expect(received).toEqual([]);
  expect(records).toMatchObject([{ outcome: 'BadUpstream', reason: 'NoLongerAllowed' }]);
});

test('A request revoked on a kept connection is not asked again on a new one', async () => {
  let dials = 0;
  const { agent, received, served, revoke } = await start(
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    async () => {
      dials++;
    },
  );
  agent.write(request);
  await once(agent, 'data');
  agent.write(request);
  await expect.poll(() => received).toHaveLength(2);
  revoke();
  await served;
  expect(received).toHaveLength(2);
  expect(dials).toBe(1);
});

test('A WebSocket revoked while its upstream is dialled is never asked for', async () => {
  const dialling = Promise.withResolvers<void>();
  const { promise: goOn, resolve: dialled } = Promise.withResolvers<void>();
  const { agent, received, served, revoke } = await start(undefined, async () => {
    dialling.resolve();
    await goOn;
  });
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  agent.write(`GET /x HTTP/1.1\r\nHost: good.example\r\n${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  await dialling.promise;
  revoke();
  dialled();
  await served;
  expect(received).toEqual([]);
});
