import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ByteBudget } from '../inference/byte-budget.ts';
import { defaultHttpLimits } from './http-limits.ts';
import { serveHttp } from './serve-http.ts';

const refused = { verdict: 'Refuse', status: 403, body: { error: 'X', detail: '', host: 'a', port: 80 } } as const;

test('a body that a rule reads waits only while there is room for it, and gives it back', async () => {
  const budget = new ByteBudget(1000);
  const server = createServer({ allowHalfOpen: true }, client => {
    void serveHttp(client, {
      gate: {
        host: 'good.example',
        port: 80,
        defaultPort: 80,
        decide: (_head, body) =>
          Promise.resolve(body === undefined ? { verdict: 'NeedsBody', maxBytes: 600 } : refused),
        watch: () => () => undefined,
        record: () => undefined,
      },
      dial: () => Promise.resolve({ ok: false, problem: 'nothing is permitted here' }),
      limits: defaultHttpLimits,
      budget,
      signal: new AbortController().signal,
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 5\r\n\r\nhalf');
    return socket;
  };
  const statusOf = async (socket: ReturnType<typeof ask>) => String((await once(socket, 'data'))[0]).split(' ')[1];
  const [first] = [ask(), await expect.poll(() => budget.usedBytes).toBe(600)];
  expect(await statusOf(ask())).toBe('503');
  first.write('!');
  expect(await statusOf(first)).toBe('403');
  await expect.poll(() => budget.usedBytes).toBe(0);
  first.destroy();
  server.close();
});
