import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openTestCa, type TestCa } from '../../test/outside/server/test-ca.ts';
import { createLeafContexts, terminateTls } from './terminate-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'cr-tls-'));
let ca: TestCa;
beforeAll(() => {
  ca = openTestCa(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));
const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

/** Ends TLS for `a.test` on every connection and echoes; `ended` counts those that came to nothing. */
async function startServer() {
  const { cert, key } = ca.certificateFor('a.test');
  const leaf = { cert, key, notAfterMs: Date.now() + 86_400_000 };
  const context = await createLeafContexts(() => Promise.resolve(leaf), Date.now).contextFor('a.test');
  const seen: { plain: TLSSocket[]; ended: number } = { plain: [], ended: 0 };
  const serve = async (socket: Socket) => {
    open.push(socket);
    const plain = await terminateTls(socket, context);
    if (plain === undefined) seen.ended++;
    else {
      seen.plain.push(plain);
      plain.pipe(plain);
    }
  };
  const server = createServer({ pauseOnConnect: true }, socket => void serve(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ destroy: () => server.close() });
  return { port: (server.address() as AddressInfo).port, seen };
}

async function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket | Error> {
  const socket = connect({ port, host: '127.0.0.1', ca: ca.caPem, servername: 'a.test', ...options });
  open.push(socket);
  const failed = new Promise<Error>(resolve => {
    socket.once('error', resolve).once('close', () => resolve(new Error('closed')));
  });
  return Promise.race([failed, once(socket, 'secureConnect').then(() => socket)]);
}

test('a client of today is served, by name, over TLS 1.2 and 1.3', async () => {
  const { port } = await startServer();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await shake(port, { minVersion: version, maxVersion: version });
    if (socket instanceof Error) throw socket;
    expect([socket.getProtocol(), socket.authorized]).toEqual([version, true]);
  }
});

test.each<[string, ConnectionOptions]>([
  ['T10 TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }],
  ['T10 TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
  ['T10 no encryption', { maxVersion: 'TLSv1.2', ciphers: 'eNULL:@SECLEVEL=0' }],
  ['T20 only a protocol that nobody speaks', { ALPNProtocols: ['acme-tls/1'] }],
])('%s gets no handshake', async (_what, options) => {
  const { port, seen } = await startServer();
  expect(await shake(port, options)).toBeInstanceOf(Error);
  await expect.poll(() => seen.ended).toBe(1);
  expect(seen.plain).toEqual([]);
});

test('T23 a client that trusts only what it has pinned fails by itself; it is never led past', async () => {
  const { port, seen } = await startServer();
  const pinning: ConnectionOptions = { checkServerIdentity: () => new Error('not the pinned key') };
  expect(await shake(port, pinning)).toMatchObject({ message: 'not the pinned key' });
  const { ca: _ca, ...strangers } = { ca: ca.caPem, servername: 'a.test' };
  expect(await shake(port, { ...strangers, ca: [] })).toBeInstanceOf(Error);
  expect(seen.plain.every(plain => plain.bytesRead === 0)).toBe(true);
});

test('T17 a session resumed for another name is the same leaf, never the other host; no early data is read', async () => {
  const { port, seen } = await startServer();
  const first = await shake(port, { maxVersion: 'TLSv1.2' });
  if (first instanceof Error) throw first;
  const session = first.getSession();
  // Only the connection's own context is there: what the client calls itself changes nothing about whose it is.
  const second = await shake(port, {
    maxVersion: 'TLSv1.2',
    ...(session === undefined ? {} : { session }),
    servername: 'b.test',
    checkServerIdentity: () => undefined,
  });
  if (second instanceof Error) throw second;
  expect(second.getPeerCertificate().subjectaltname ?? 'DNS:a.test').toBe('DNS:a.test');
  for (const plain of seen.plain) expect(plain.bytesRead).toBe(0);
});

test.each<[string, readonly number[]]>([
  ['a flood of alerts', Array.from({ length: 10_000 }, () => [21, 3, 3, 0, 2, 1, 0]).flat()],
  ['records of no bytes', Array.from({ length: 10_000 }, () => [22, 3, 3, 0, 0]).flat()],
  ['a change of cipher before anything', [20, 3, 3, 0, 1, 1, 20, 3, 3, 0, 1, 1]],
  ['application data before the handshake', [23, 3, 3, 0, 3, 1, 2, 3]],
  ['a server hello', [22, 3, 3, 0, 4, 2, 0, 0, 0]],
  ['bytes', Array.from({ length: 5000 }, (_, index) => (index * 131) & 255)],
])('T18 %s ends that connection and no other', async (_what, bytes) => {
  const { port, seen } = await startServer();
  const raw = connectTcp(port, '127.0.0.1');
  open.push(raw);
  raw.on('error', () => undefined).resume();
  raw.end(Buffer.from(bytes));
  await expect.poll(() => seen.ended).toBe(1);
  expect(await shake(port)).not.toBeInstanceOf(Error);
});

test('T18 renegotiation is refused, and what was agreed goes on or ends', async () => {
  const { port } = await startServer();
  const socket = await shake(port, { maxVersion: 'TLSv1.2' });
  if (socket instanceof Error) throw socket;
  const outcome = await new Promise(resolve => {
    socket.once('error', () => resolve('refused')).once('close', () => resolve('refused'));
    socket.renegotiate({}, error => resolve(error === null ? 'renegotiated' : 'refused'));
  });
  expect(outcome).toBe('refused');
});

test('T19 no server name makes anything throw', async () => {
  const { port, seen } = await startServer();
  const names = ['', 'constructor', '__proto__', 'x'.repeat(255), 'a.test.', 'A.TEST', '\u{1f600}.test', 'a b'];
  for (const servername of names) await shake(port, { servername, checkServerIdentity: () => undefined });
  await expect.poll(() => seen.plain.length + seen.ended).toBe(names.length);
  expect(await shake(port)).not.toBeInstanceOf(Error);
});

test('T15 six hundred names keep 256 leaves, the least recently used go first', async () => {
  const { cert, key } = ca.certificateFor('a.test');
  let minted = 0;
  let nowMs = 0;
  const contexts = createLeafContexts(
    async () => {
      minted++;
      return { cert, key, notAfterMs: nowMs + 86_400_000 };
    },
    () => nowMs,
  );
  for (let index = 0; index < 600; index++) await contexts.contextFor(`n${index}.test`);
  expect(minted).toBe(600);
  for (let index = 600 - 256; index < 600; index++) await contexts.contextFor(`n${index}.test`);
  expect(minted).toBe(600);
  await contexts.contextFor('n0.test');
  expect(minted).toBe(601);
  // Renewed an hour before its end.
  nowMs += 86_400_000 - 3_600_000;
  await contexts.contextFor('n0.test');
  expect(minted).toBe(602);
});
