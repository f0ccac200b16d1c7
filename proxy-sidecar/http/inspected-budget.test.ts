import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ByteBudget } from '../inference/byte-budget.ts';
import { startHttp } from './testing/start-http.ts';

const refused = { verdict: 'Refuse', status: 403, body: { error: 'X', detail: '', host: 'a', port: 80 } } as const;

test('a body that a rule reads waits only while there is room for it, and gives it back', async () => {
  const budget = new ByteBudget(1000);
  const proxy = await startHttp({
    // Nothing is permitted here, so nothing is dialled.
    upstreamPort: 0,
    decide: (_head, body) => (body === undefined ? { verdict: 'NeedsBody', maxBytes: 600 } : refused),
    budget,
  });
  const ask = () => {
    const socket = connect(proxy.port, '127.0.0.1');
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
  proxy.close();
});
