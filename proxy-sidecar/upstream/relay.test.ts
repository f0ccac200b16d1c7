import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { relay } from './relay.ts';

const sockets: Socket[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Two ends of one TCP connection. */
async function pair(): Promise<readonly [outer: Socket, inner: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const outer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [[inner]] = (await Promise.all([once(server, 'connection'), once(outer, 'connect')])) as unknown as [[Socket]];
  sockets.push(outer, inner);
  for (const socket of [outer, inner]) socket.on('error', () => undefined);
  return [outer, inner];
}

async function relayed() {
  const [agent, agentInner] = await pair();
  const [upstream, upstreamInner] = await pair();
  const end = new AbortController();
  const result = relay(agentInner, upstreamInner, end.signal);
  return { agent, upstream, agentInner, upstreamInner, end, result };
}

/** Until the other end's FIN; this end stays open. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** Why it was closed: an error's code, or 'closed'. */
async function closing(socket: Socket): Promise<string> {
  return new Promise(resolve => {
    let code = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? error.message;
    });
    socket.once('close', () => resolve(code));
    socket.resume();
  });
}

test('three megabytes and a FIN arrive whole, and the other direction stays open until it ends too', async () => {
  const { agent, upstream, result } = await relayed();
  const sent = Buffer.alloc(3 * 1024 * 1024, 'x');
  agent.end(sent);
  expect((await readAll(upstream)).equals(sent)).toBe(true);
  upstream.end('thanks');
  expect((await readAll(agent)).toString()).toBe('thanks');
  expect(await result).toEqual({ bytesUp: sent.length, bytesDown: 6 });
});

test('a stalled reader stops the sender instead of filling memory', async () => {
  const { agent, upstream, agentInner, upstreamInner, end, result } = await relayed();
  upstream.pause();
  const chunk = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < 64; sent++) agent.write(chunk);
  await new Promise<void>(resolve => {
    // Nothing moves any more when two looks a little apart see the same.
    let last = -1;
    const timer = setInterval(() => {
      if (agentInner.bytesRead === last) {
        clearInterval(timer);
        resolve();
      }
      last = agentInner.bytesRead;
    }, 100);
  });
  expect(agentInner.bytesRead).toBeLessThan(32 * chunk.length);
  expect(upstreamInner.writableLength).toBeLessThan(chunk.length);
  end.abort();
  await result;
});

test.each(['agent', 'upstream'] as const)('a reset by the %s resets the other side', async side => {
  const { agent, upstream, result } = await relayed();
  const [gone, other] = side === 'agent' ? [agent, upstream] : [upstream, agent];
  agent.write('hello');
  await once(upstream, 'data');
  const closed = closing(other);
  gone.resetAndDestroy();
  expect(await closed).toBe('ECONNRESET');
  expect(await result).toMatchObject({ error: 'ECONNRESET' });
});

test('an abort resets both sides at once', async () => {
  const { agent, upstream, end, result } = await relayed();
  const closed = [agent, upstream].map(closing);
  end.abort();
  expect(await Promise.all(closed)).toEqual(['ECONNRESET', 'ECONNRESET']);
  await result;
});

test('a side that was closed before ends it, too', async () => {
  const [, agentInner] = await pair();
  const [, upstreamInner] = await pair();
  agentInner.destroy();
  await once(agentInner, 'close');
  expect(await relay(agentInner, upstreamInner, new AbortController().signal)).toMatchObject({ bytesUp: 0 });
});
