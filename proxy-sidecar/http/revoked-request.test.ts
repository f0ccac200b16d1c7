// Policy changes while a request is under way: not a byte of it may leave afterwards.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { listening } from '../testing/listening.ts';
import { headerField } from './header-fields.ts';
import { permitted, type StartedHttp, startHttp } from './testing/start-http.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Started {
  readonly agent: Socket;
  readonly received: string[];
  readonly records: StartedHttp['records'];
  readonly dials: () => number;
  readonly served: () => Promise<unknown>;
  readonly revoke: () => void;
}

/** `answer` is what upstream says to its first request; it is silent to all later ones. */
async function start(answer: string | undefined, beforeDial?: () => Promise<void>): Promise<Started> {
  const received: string[] = [];
  const upstream = createServer(socket => {
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('data', data => {
      received.push(data.toString('latin1'));
      if (answer !== undefined && received.length === 1) socket.write(answer);
    });
  });
  cleanups.push(() => upstream.close());
  const signed = permitted([headerField('Authorization', 'Bearer placed-by-the-gate')]);
  const proxy = await startHttp({ upstreamPort: await listening(upstream), decide: () => signed, beforeDial });
  cleanups.push(proxy.close);
  const agent = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  cleanups.push(() => agent.destroy());
  const { records, dials, served, watching } = proxy;
  return { agent, received, records, dials, served, revoke: () => watching.forEach(close => close()) };
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
  await served();
  expect(received).toEqual([]);
  expect(records).toMatchObject([{ outcome: 'BadUpstream', reason: 'NoLongerAllowed' }]);
});

test('A request revoked on a kept connection is not asked again on a new one', async () => {
  const { agent, received, dials, served, revoke } = await start('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  agent.write(request);
  await once(agent, 'data');
  agent.write(request);
  await expect.poll(() => received).toHaveLength(2);
  revoke();
  await served();
  expect(received).toHaveLength(2);
  expect(dials()).toBe(1);
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
  await served();
  expect(received).toEqual([]);
});
