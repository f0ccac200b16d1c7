import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { CredentialRedactor } from '../http/credential-redactor.ts';
import { headerField } from '../http/header-fields.ts';
import { ByteBudget } from '../inference/byte-budget.ts';
import { type Relayed, type RelayedOptions, startRelayed } from './testing/relayed.ts';
import { closePayload, encodeFrame, opcodes } from './web-socket-frame.ts';

const started: Relayed[] = [];
afterEach(() => {
  for (const each of started.splice(0)) each.close();
});

async function start(options: RelayedOptions = {}): Promise<Relayed> {
  const relayed = await startRelayed(options);
  started.push(relayed);
  return relayed;
}

/** A `ws` client on one side, what its server made of it on the other. */
async function open(options: RelayedOptions = {}) {
  const relayed = await start(options);
  const client = new WebSocket(relayed.url);
  const [[server]] = (await Promise.all([once(relayed.upstream, 'connection'), once(client, 'open')])) as [
    [WebSocket],
    unknown,
  ];
  return { relayed, client, server };
}

/** A client that writes what bytes it likes. */
async function openRaw(options: RelayedOptions = {}) {
  const relayed = await start(options);
  const connected = once(relayed.upstream, 'connection') as Promise<[WebSocket]>;
  const client = connect(relayed.port, '127.0.0.1');
  const key = 'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n${key}\r\n`);
  await once(client, 'data');
  const [server] = await connected;
  return { relayed, client, server };
}

async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const closeOf = async (socket: WebSocket) => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString() };
};
const masked = (opcode: (typeof opcodes)[keyof typeof opcodes], payload: string | Buffer, isFinal = true) =>
  encodeFrame({ opcode, isFinal, payload: Buffer.from(payload), mask: Buffer.from([1, 2, 3, 4]) });

describe('a server that echoes the credential of the handshake', () => {
  const secret = 'ghp_Secret0123456789';
  const stars = '*'.repeat(secret.length);
  const redactor = () => CredentialRedactor.for([headerField('Authorization', `Bearer ${secret}`)]);

  test('in messages, fragments, pings and the reason of its close shows the length alone, and stalls nothing', async () => {
    const made = redactor();
    const { client, server } = await open(made === undefined ? {} : { redactor: made });
    server.send(`you sent ${secret}`);
    expect(await once(client, 'message')).toEqual([Buffer.from(`you sent ${stars}`), false]);
    server.send('ends like ghp_Se', { fin: false });
    server.send('cret0123456789 in two', { fin: true });
    expect(await once(client, 'message')).toEqual([Buffer.from(`ends like ${stars} in two`), false]);
    server.send('ends like ghp_Se');
    expect(await once(client, 'message')).toEqual([Buffer.from('ends like ghp_Se'), false]);
    server.ping(secret);
    expect(await once(client, 'ping')).toEqual([Buffer.from(stars)]);
    const closed = closeOf(client);
    server.close(4000, secret);
    expect(await closed).toEqual({ code: 4000, reason: stars });
  });
});

describe('a relayed WebSocket', () => {
  test('carries text, binary, pings and both closes, uncompressed', async () => {
    const { relayed, client, server } = await open();
    expect([client.extensions, server.extensions]).toEqual(['', '']);
    server.on('message', (data, isBinary) => server.send(data, { binary: isBinary }));
    client.send('hé😀');
    expect(await once(client, 'message')).toEqual([Buffer.from('hé😀'), false]);
    client.send(Buffer.from([0, 255]));
    expect(await once(client, 'message')).toEqual([Buffer.from([0, 255]), true]);
    client.ping('p');
    expect(await once(client, 'pong')).toEqual([Buffer.from('p')]);
    const closed = [closeOf(client), closeOf(server)];
    client.close(4001, 'bye');
    expect(await Promise.all(closed)).toEqual([
      { code: 4001, reason: 'bye' },
      { code: 4001, reason: 'bye' },
    ]);
    expect(await relayed.outcome).toEqual({ bytesUp: 9, bytesDown: 9, closeCode: 4001, from: 'Client' });
  });

  test('carries 40 MB each way while the client reads slowly', async () => {
    const { relayed, client, server } = await open();
    const big = Buffer.alloc(40_000_000, 'creel');
    server.on('message', data => server.send(data));
    client.send(big);
    client.pause();
    await once(server, 'message');
    client.resume();
    const [data] = (await once(client, 'message')) as [Buffer];
    expect(data.equals(big)).toBe(true);
    server.close();
    expect(await relayed.outcome).toMatchObject({ bytesUp: big.length, bytesDown: big.length, closeCode: 1005 });
  });

  test('a policy change closes both sides with 1012 at once', async () => {
    // No deadline would end them; that it is 100 ms on a whole sandbox is measured there.
    const { relayed, client, server } = await open({ limits: { closeMs: 600_000 } });
    const closed = [closeOf(client), closeOf(server)];
    relayed.abort();
    expect(await Promise.all(closed)).toEqual([
      { code: 1012, reason: 'PolicyChanged' },
      { code: 1012, reason: '' },
    ]);
    expect(await relayed.outcome).toMatchObject({ closeCode: 1012, problem: 'PolicyChanged' });
  });

  test('a policy change ends a side that reads nothing', async () => {
    const { relayed, client, server } = await openRaw({ limits: { closeMs: 50 } });
    client.pause();
    server.send(Buffer.alloc(30_000_000));
    await expect.poll(relayed.isStalled).toBe(true);
    relayed.abort();
    expect(await relayed.outcome).toMatchObject({ problem: 'PolicyChanged' });
    client.destroy();
  });

  test('silence ends both sides', async () => {
    const { relayed, client } = await open({ limits: { idleMs: 50 } });
    expect(await closeOf(client)).toEqual({ code: 1001, reason: 'IdleTimeout' });
    expect(await relayed.outcome).toMatchObject({ problem: 'IdleTimeout' });
  });

  test('a client that goes without a close takes its server with it', async () => {
    const { relayed, client, server } = await open();
    const closed = closeOf(server);
    client.terminate();
    expect(await closed).toMatchObject({ code: 1006 });
    expect(await relayed.outcome).toMatchObject({ closeCode: 1006, problem: 'Truncated', from: 'Client' });
  });

  test('a close nobody answers ends in time', async () => {
    const { relayed, client, server } = await openRaw({ limits: { closeMs: 50 } });
    server.pause();
    client.write(masked(opcodes.close, closePayload(1000, '')));
    expect(await relayed.outcome).toMatchObject({ closeCode: 1000, from: 'Client' });
    client.destroy();
  });
});

describe('a relayed WebSocket whose rule lists text', () => {
  const text = ['ping', '{"type":"sub*"}'];

  test('H25: passes what is listed, whole', async () => {
    const { relayed, client, server } = await open({ text });
    const messages: string[] = [];
    server.on('message', data => messages.push((data as Buffer).toString()));
    client.send('{"type":"su', { fin: false });
    client.ping();
    client.send('bscribe"}', { fin: true });
    client.send('ping');
    await expect.poll(() => messages).toEqual(['{"type":"subscribe"}', 'ping']);
    client.close();
    expect(await relayed.outcome).toMatchObject({ bytesUp: 24 });
  });

  test.each([
    ['a message that is not listed', 'pong', 1008, 'MessageNotAllowed'],
    ['a listed one with something in front', '\ufeffping', 1008, 'MessageNotAllowed'],
    ['an empty message', '', 1008, 'MessageNotAllowed'],
    ['a binary message', Buffer.from('ping'), 1003, 'BinaryMessage'],
    ['a megabyte and a byte', `{"type":"sub${'x'.repeat(1024 * 1024)}"}`, 1009, 'MessageTooBig'],
  ])('H25: %s closes both sides, and not a byte of it goes on', async (_what, message, code, problem) => {
    const { relayed, client, server } = await open({ text });
    const messages: unknown[] = [];
    server.on('message', data => messages.push(data));
    const closed = [closeOf(client), closeOf(server)];
    client.send(message);
    expect(await Promise.all(closed)).toEqual([
      { code, reason: problem },
      { code, reason: '' },
    ]);
    expect(messages).toEqual([]);
    expect(await relayed.outcome).toEqual({ bytesUp: 0, bytesDown: 0, closeCode: code, problem, from: 'Client' });
  });

  test('H25: control frames carry nothing of the client: pings, pongs and close reasons', async () => {
    const { relayed, client, server } = await open({ text });
    const [pings, pongs]: [string[], string[]] = [[], []];
    server.on('ping', data => pings.push(data.toString()));
    server.on('pong', data => pongs.push(data.toString()));
    client.ping('secret');
    expect(await once(client, 'pong')).toEqual([Buffer.from('secret')]);
    client.pong('secret');
    server.ping('asked');
    await expect.poll(() => pongs).toEqual(['', 'asked']);
    expect(pings).toEqual(['']);
    const closed = closeOf(server);
    client.close(4001, 'secret');
    expect(await closed).toEqual({ code: 4001, reason: '' });
    expect(await relayed.outcome).toMatchObject({ closeCode: 4001 });
  });

  test('half a message waits only while there is room for it, and gives it back', async () => {
    const budget = new ByteBudget(10);
    const first = await open({ text, budget });
    first.client.send('ping', { fin: false });
    await expect.poll(() => budget.usedBytes).toBe(4);
    const second = await open({ text, budget });
    second.client.send('1234567', { fin: false });
    expect(await closeOf(second.client)).toEqual({ code: 1013, reason: 'NoRoom' });
    first.client.terminate();
    await Promise.all([first.relayed.outcome, second.relayed.outcome]);
    expect(budget.usedBytes).toBe(0);
  });

  test('H25: the half of a message is not sent on when the client goes', async () => {
    const { relayed, client } = await open({ text });
    client.send('pi', { fin: false });
    client.terminate();
    expect(await relayed.outcome).toMatchObject({ bytesUp: 0, problem: 'Truncated' });
  });

  test('what the server sends is not matched', async () => {
    const { client, server } = await open({ text });
    server.send('anything');
    expect(await once(client, 'message')).toEqual([Buffer.from('anything'), false]);
  });
});

describe('a violation', () => {
  test.each([
    ['H26: an unmasked frame', encodeFrame({ opcode: 1, isFinal: true, payload: Buffer.from('x') }), 1002, 'BadMask'],
    ['H26: a compressed frame', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002, 'ReservedBits'],
    ['H26: 2^63 bytes', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1002, 'BadLength'],
    ['H26: a ping of 126 bytes', masked(opcodes.ping, 'x'.repeat(126)), 1002, 'BadControlFrame'],
    ['H26: close code 1005', masked(opcodes.close, closePayload(1005, '')), 1002, 'BadCloseFrame'],
    ['H27: HTTP through the tunnel', Buffer.from('GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'), 1002, 'ReservedBits'],
    ['Latin-1 as text', masked(opcodes.text, Buffer.from([0xe9])), 1007, 'BadUtf8'],
  ])('by the client, %s, closes both sides', async (_what, bytes, code, problem) => {
    const { relayed, client, server } = await openRaw();
    const messages: unknown[] = [];
    server.on('message', data => messages.push(data));
    const closed = closeOf(server);
    client.write(bytes);
    const answer = await received(client);
    expect(answer).toEqual(encodeFrame({ opcode: 8, isFinal: true, payload: closePayload(code, problem) }));
    expect((await closed).code).toBe(code);
    expect(messages).toEqual([]);
    expect(await relayed.outcome).toMatchObject({ problem, from: 'Client', bytesUp: 0 });
  });

  test('H26: endless fragments end at their limit', async () => {
    const { relayed, client } = await openRaw({ limits: { maxFragments: 10 } });
    client.write(masked(opcodes.text, '', false));
    for (let index = 0; index < 10; index++) client.write(masked(opcodes.continuation, '', false));
    await received(client);
    expect(await relayed.outcome).toMatchObject({ problem: 'TooManyFragments', closeCode: 1009 });
  });

  test('by the server closes both sides, too', async () => {
    const { relayed, client } = await openRaw();
    const [server] = [...relayed.upstream.clients];
    // `ws` keeps its socket to itself; a masked frame is one no server may send.
    (server as unknown as Record<string, Socket>)['_socket']?.write(masked(opcodes.text, 'x'));
    expect(await received(client)).toEqual(
      encodeFrame({ opcode: 8, isFinal: true, payload: closePayload(1002, 'BadMask') }),
    );
    expect(await relayed.outcome).toMatchObject({ problem: 'BadMask', from: 'Upstream', bytesDown: 0 });
  });
});
