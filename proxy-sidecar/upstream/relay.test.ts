import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createDirectReads, type DirectReads } from './direct-reads.ts';
import { ReadBuffers } from './read-buffers.ts';
import { type RelayTimes, relay } from './relay.ts';

const sockets: Socket[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Two ends of one TCP connection; the inner one has connected, as to upstream. */
async function pair(direct?: DirectReads): Promise<readonly [outer: Socket, inner: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const options = { port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true };
  const inner = connect(direct === undefined ? options : { ...options, onread: direct.onread });
  if (direct !== undefined) inner.pause();
  const [[outer]] = (await Promise.all([once(server, 'connection'), once(inner, 'connect')])) as unknown as [[Socket]];
  sockets.push(outer, inner);
  for (const socket of [outer, inner]) socket.on('error', () => undefined);
  return [outer, inner];
}

async function relayed(buffers?: ReadBuffers, times?: RelayTimes) {
  const direct = buffers === undefined ? undefined : createDirectReads(buffers);
  const [agent, agentInner] = await pair();
  const [upstream, upstreamInner] = await pair(direct);
  const end = new AbortController();
  const result = relay(agentInner, upstreamInner, end.signal, direct, times);
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

describe.each([
  ['as a stream', undefined],
  ['by direct reads', new ReadBuffers()],
])('upstream read %s', (_how, buffers) => {
  test('three megabytes and a FIN arrive whole, and the other direction stays open until it ends too', async () => {
    const { agent, upstream, result } = await relayed(buffers);
    const sent = Buffer.alloc(3 * 1024 * 1024, 'x');
    agent.end(sent);
    expect((await readAll(upstream)).equals(sent)).toBe(true);
    upstream.end('thanks');
    expect((await readAll(agent)).toString()).toBe('thanks');
    expect(await result).toEqual({ bytesUp: sent.length, bytesDown: 6 });
  });

  test('and from upstream to the agent', async () => {
    const { agent, upstream, result } = await relayed(buffers);
    const sent = randomBytes(3 * 1024 * 1024);
    upstream.end(sent);
    expect((await readAll(agent)).equals(sent)).toBe(true);
    agent.end('thanks');
    expect((await readAll(upstream)).toString()).toBe('thanks');
    expect(await result).toEqual({ bytesUp: 6, bytesDown: sent.length });
  });

  test.each(['agent', 'upstream'] as const)(
    'the %s, who does not read, stops the sender instead of filling memory',
    async side => {
      const { agent, upstream, agentInner, upstreamInner, end, result } = await relayed(buffers);
      const [reader, sender] = side === 'upstream' ? [upstream, agent] : [agent, upstream];
      const [into, outOf] = side === 'upstream' ? [upstreamInner, agentInner] : [agentInner, upstreamInner];
      reader.pause();
      const chunk = Buffer.alloc(1024 * 1024);
      for (let sent = 0; sent < 64; sent++) sender.write(chunk);
      await new Promise<void>(resolve => {
        // Nothing moves any more when two looks a little apart see the same.
        let last = -1;
        const timer = setInterval(() => {
          if (outOf.bytesRead === last) {
            clearInterval(timer);
            resolve();
          }
          last = outOf.bytesRead;
        }, 100);
      });
      expect(outOf.bytesRead).toBeGreaterThan(0);
      expect(outOf.bytesRead).toBeLessThan(32 * chunk.length);
      expect(into.writableLength).toBeLessThan(chunk.length);
      end.abort();
      await result;
    },
  );

  test.each(['agent', 'upstream'] as const)('a reset by the %s resets the other side', async side => {
    const { agent, upstream, result } = await relayed(buffers);
    const [gone, other] = side === 'agent' ? [agent, upstream] : [upstream, agent];
    agent.write('hello');
    await once(upstream, 'data');
    const closed = closing(other);
    gone.resetAndDestroy();
    expect(await closed).toBe('ECONNRESET');
    expect(await result).toMatchObject({ error: 'ECONNRESET' });
  });

  test('one that is silent is cut, one that speaks is not before its age', async () => {
    const times = { lookMs: 100, silentLooks: 5, maxLooks: 30 };
    const startedMs = performance.now();
    const quiet = await relayed(buffers, times);
    const lively = await relayed(buffers, times);
    lively.agent.resume();
    const speaking = setInterval(() => lively.upstream.write('x'), 20);
    const endMs = (result: Promise<unknown>) => result.then(() => performance.now() - startedMs);
    const [quietMs, livelyMs] = await Promise.all([endMs(quiet.result), endMs(lively.result)]);
    clearInterval(speaking);
    expect(quietMs).toBeGreaterThan(500);
    expect(quietMs).toBeLessThan(livelyMs);
    expect(livelyMs).toBeGreaterThan(2900);
  });

  test('an abort resets both sides at once', async () => {
    const { agent, upstream, end, result } = await relayed(buffers);
    const closed = [agent, upstream].map(closing);
    end.abort();
    expect(await Promise.all(closed)).toEqual(['ECONNRESET', 'ECONNRESET']);
    await result;
  });
});

test('a side that was closed before ends it, too', async () => {
  const [, agentInner] = await pair();
  const [, upstreamInner] = await pair();
  agentInner.destroy();
  await once(agentInner, 'close');
  expect(await relay(agentInner, upstreamInner, new AbortController().signal)).toMatchObject({ bytesUp: 0 });
});

test('bytes of many connections that share few buffers do not mix, however slowly some of them read', async () => {
  const buffers = new ReadBuffers(2);
  const carried = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const { agent, upstream, result } = await relayed(buffers);
      const sent = Buffer.concat(
        Array.from({ length: 40 }, (__, piece) =>
          Buffer.alloc(1 + ((index * 7919 + piece * 104_729) % 200_000), index * 40 + piece),
        ),
      );
      const got = createHash('sha256');
      agent.on('data', (chunk: Buffer) => {
        got.update(chunk);
        if (index % 3 !== 0) return;
        agent.pause();
        setTimeout(() => agent.resume(), 2);
      });
      upstream.end(sent);
      await once(agent, 'end');
      agent.end();
      expect(await result).toEqual({ bytesUp: 0, bytesDown: sent.length });
      return got.digest('hex') === createHash('sha256').update(sent).digest('hex');
    }),
  );
  expect(carried).toEqual(Array(12).fill(true));
  // All of them came back.
  expect([buffers.take(), buffers.take(), buffers.take()].map(buffer => buffer !== undefined)).toEqual([
    true,
    true,
    false,
  ]);
});
