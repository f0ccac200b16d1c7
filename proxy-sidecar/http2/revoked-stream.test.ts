// Policy changes while a stream's upstream is dialled: not a byte of it may leave afterwards.
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer as createTcp } from 'node:net';
import { expect, test } from 'vitest';
import { ByteBudget } from '../inference/byte-budget.ts';
import { defaultHttp2Limits } from './http2-limits.ts';
import { serveHttp2 } from './serve-http2.ts';
import { host, startHttp2 } from './testing/start-http2.ts';

test('A stream revoked while its upstream is dialled is never opened there', async () => {
  const opened: string[] = [];
  const server = createServer();
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    opened.push(String(headers[':path']));
    if (headers[':path'] === '/next') (stream as ServerHttp2Stream).respond({ ':status': 200 }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await startHttp2({
    upstream: () => {
      // Asked for by the dial: the request is watched by now.
      for (const close of proxy.watching) close();
      return { port, alpn: 'h2' };
    },
  });
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  session.on('error', () => undefined);
  const ask = (path: string) => {
    const stream = session.request([':method', 'GET', ':scheme', 'https', ':authority', host, ':path', path]);
    stream.on('error', () => undefined);
    return stream;
  };
  await once(ask('/revoked'), 'close');
  await proxy.recorded(1);
  // The upstream session is there and in order: had the first stream been opened, it would be seen before this one.
  const [head] = await once(ask('/next'), 'response');
  expect(head[':status']).toBe(200);
  expect(opened).toEqual(['/next']);
  expect(proxy.records[0]?.record).toMatchObject({ reason: 'NoLongerAllowed' });
  session.destroy();
  await proxy.close();
  server.close();
});

test('A body that a rule reads waits only while there is room for it, and gives it back', async () => {
  const budget = new ByteBudget(1000);
  const refused = { verdict: 'Refuse', status: 403, body: { error: 'X', detail: '', host, port: 443 } } as const;
  const server = createTcp({ allowHalfOpen: true }, agent => {
    void serveHttp2(agent, {
      gate: {
        host,
        port: 443,
        defaultPort: 443,
        decide: (_head, body) =>
          Promise.resolve(body === undefined ? { verdict: 'NeedsBody', maxBytes: 600 } : refused),
        watch: () => () => undefined,
        record: () => undefined,
      },
      dialUpstream: () => Promise.resolve({ ok: false, problem: 'nothing is permitted here' }),
      limits: defaultHttp2Limits,
      budget,
      signal: new AbortController().signal,
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect('http://127.0.0.1', {
    createConnection: () => connectTcp((server.address() as AddressInfo).port, '127.0.0.1'),
  });
  const ask = () => {
    const stream = session.request([':method', 'POST', ':scheme', 'https', ':authority', host, ':path', '/'], {
      endStream: false,
    });
    stream.on('error', () => undefined).write('half');
    return stream;
  };
  const first = ask();
  await expect.poll(() => budget.usedBytes).toBe(600);
  expect((await once(ask(), 'response'))[0][':status']).toBe(503);
  first.end('!');
  expect((await once(first, 'response'))[0][':status']).toBe(403);
  await expect.poll(() => budget.usedBytes).toBe(0);
  session.destroy();
  server.close();
});
