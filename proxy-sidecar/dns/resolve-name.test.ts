import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { encodeResponse, parseQuery, type Query, types } from './dns-message.ts';
import { resolveName } from './resolve-name.ts';

const stop: (() => void)[] = [];
afterEach(() => {
  for (const one of stop.splice(0)) one();
});

const address = (query: Query, ...bytes: number[]) =>
  encodeResponse(query, 0, [{ type: query.type, ttlSeconds: 60, data: Buffer.from(bytes) }]);
const queryOf = (message: Buffer): Query => {
  const parsed = parseQuery(message);
  if (!parsed.ok) throw new Error('the resolver sent a malformed query');
  return parsed.query;
};
const patched = (message: Buffer, at: number, ...bytes: number[]) => {
  const copy = Buffer.from(message);
  copy.set(bytes, at);
  return copy;
};

/** Answers over UDP; `undefined` is silence. Returns `address:port`. */
async function udpServer(answer: (query: Query, from: RemoteInfo) => Buffer[]): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    for (const reply of answer(queryOf(message), from)) socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  stop.push(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

const signal = () => AbortSignal.timeout(8000);

test('IPv4 and IPv6 answers come back, IPv4 first', async () => {
  const server = await udpServer(query => [
    query.type === types.A ? address(query, 1, 2, 3, 4) : address(query, 0x20, 1, ...Array<number>(13).fill(0), 9),
  ]);
  expect(await resolveName('api.example.com', [server], signal())).toEqual({
    ok: true,
    addresses: ['1.2.3.4', '2001:0:0:0:0:0:0:9'],
    ttlSeconds: 60,
  });
});

test('queries leave from ports that the kernel gives to no agent', async () => {
  const ports: number[] = [];
  const server = await udpServer((query, from) => {
    ports.push(from.port);
    return [address(query, ...(query.type === types.A ? [1, 2, 3, 4] : Array<number>(16).fill(1)))];
  });
  for (let index = 0; index < 20; index++) await resolveName('api.example.com', [server], signal());
  expect(ports.length).toBe(40);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test('D16 an answer in the synthetic range is nobody outside', async () => {
  const server = await udpServer(query => [
    query.type === types.A ? address(query, 28, 64, 0, 1) : encodeResponse(query, 0),
  ]);
  const refused = { ok: false, reason: 'SyntheticAnswer' };
  expect(await resolveName('api.example.com', [server], signal())).toEqual(refused);
});

test('answers with another id, another name or of another type are not believed', async () => {
  const server = await udpServer(query => {
    if (query.type !== types.A) return [encodeResponse(query, 0)];
    const forged = address(query, 6, 6, 6, 6);
    return [
      patched(forged, 0, (query.id >> 8) ^ 1, query.id & 255),
      patched(forged, 13, 0x78),
      Buffer.from('nonsense'),
      address(query, 1, 2, 3, 4),
    ];
  });
  expect(await resolveName('api.example.com', [server], signal())).toEqual({
    ok: true,
    addresses: ['1.2.3.4'],
    ttlSeconds: 60,
  });
});

test('a truncated answer is asked for again over TCP', async () => {
  const tcp = createServer(socket => {
    socket.once('data', (chunk: Buffer) => {
      const reply = address(queryOf(chunk.subarray(2)), 5, 6, 7, 8);
      socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply.subarray(0, 9)]));
      socket.end(reply.subarray(9));
    });
  });
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => {
    const query = queryOf(message);
    const reply = encodeResponse(query, 0);
    udp.send(query.type === types.A ? patched(reply, 2, 0x82) : reply, from.port, from.address);
  });
  // One port for both: on an address of its own, where no other test's sockets can have taken it.
  const host = '127.0.53.1';
  tcp.listen(0, host);
  await once(tcp, 'listening');
  udp.bind((tcp.address() as AddressInfo).port, host);
  await once(udp, 'listening');
  stop.push(
    () => udp.close(),
    () => tcp.close(),
  );
  const server = `${host}:${(tcp.address() as AddressInfo).port}`;
  expect(await resolveName('api.example.com', [server], signal())).toEqual({
    ok: true,
    addresses: ['5.6.7.8'],
    ttlSeconds: 60,
  });
});

test('a resolver that fails is passed over for the next one', async () => {
  const failing = await udpServer(query => [encodeResponse(query, 2)]);
  const good = await udpServer(query => [
    query.type === types.A ? address(query, 1, 1, 1, 2) : encodeResponse(query, 0),
  ]);
  expect(await resolveName('api.example.com', [failing, good], signal())).toEqual({
    ok: true,
    addresses: ['1.1.1.2'],
    ttlSeconds: 60,
  });
});

test('no such name, no resolver and no answer are told apart', async () => {
  const empty = await udpServer(query => [encodeResponse(query, 3)]);
  expect(await resolveName('no.example.com', [empty], signal())).toEqual({ ok: false, reason: 'NoSuchName' });
  expect(await resolveName('no.example.com', [], signal())).toEqual({ ok: false, reason: 'NoResolver' });
  const silent = await udpServer(() => []);
  expect(await resolveName('no.example.com', [silent], AbortSignal.timeout(200))).toEqual({
    ok: false,
    reason: 'ResolverFailed',
  });
  // A closed port answers with ICMP, which must end the attempt and not the process.
  expect(await resolveName('no.example.com', ['127.0.0.1:1'], signal())).toEqual({
    ok: false,
    reason: 'ResolverFailed',
  });
});

test('answers hold as long as the shortest record on the way to them; not at all where a family is missing', async () => {
  const times = await udpServer(query => [
    encodeResponse(query, 0, [
      {
        type: query.type,
        ttlSeconds: query.type === types.A ? 50 : 7,
        data: Buffer.alloc(query.type === types.A ? 4 : 16, 9),
      },
    ]),
  ]);
  expect(await resolveName('api.example.com', [times], signal())).toMatchObject({ ttlSeconds: 7 });
  const onlyFour = await udpServer(query => (query.type === types.A ? [address(query, 1, 2, 3, 4)] : []));
  expect(await resolveName('api.example.com', [onlyFour], signal())).toMatchObject({ ttlSeconds: 0 });
  const endless = await udpServer(query => [
    query.type === types.A
      ? encodeResponse(query, 0, [{ type: types.A, ttlSeconds: 0x8000_0000, data: Buffer.alloc(4, 9) }])
      : encodeResponse(query, 0),
  ]);
  expect(await resolveName('api.example.com', [endless], signal())).toMatchObject({ ttlSeconds: 0 });
});
