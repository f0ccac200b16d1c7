// A neighbour that opens as many connections as it can takes its own places, not those of the sidecars.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { expect, test } from 'vitest';
import { renewServerKeys, trustBundle } from '../../kube/tls/renew-server-keys.ts';
import { hubServerName } from '../../protocol/constants.ts';
import { startHubServer } from './start-hub-server.ts';

const keys = renewServerKeys(undefined, hubServerName, Date.now());

test('one address gets at most 64 connections; another is served meanwhile, and the first again when it lets go', async () => {
  const stop = new AbortController();
  const server = await startHubServer(
    {
      host: '0.0.0.0',
      port: 0,
      forbiddenPort: 0,
      keys,
      authenticate: async () => ({ ok: false, status: 401, reason: 'MalformedToken' }),
      openSession: () => {
        throw new Error('nobody is authenticated here');
      },
      sessionEnded: () => undefined,
      refused: () => undefined,
    },
    stop.signal,
  );
  const flood = await Promise.all(Array.from({ length: 80 }, () => openFrom('127.0.0.2', server.port)));
  await expect.poll(() => flood.filter(socket => socket.closed).length).toBe(16);
  await expect(handshake('127.0.0.3', server.port)).resolves.toBe('h2');
  await expect(handshake('127.0.0.2', server.port)).rejects.toThrow();
  const ends = flood.filter(socket => !socket.closed).map(socket => once(socket.destroy(), 'close'));
  expect(ends).toHaveLength(64);
  await Promise.all(ends);
  await expect.poll(() => handshake('127.0.0.2', server.port).catch(() => undefined)).toBe('h2');
  stop.abort();
});

async function openFrom(localAddress: string, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

async function handshake(localAddress: string, port: number): Promise<string | false | null> {
  const plain = await openFrom(localAddress, port);
  const secure = tlsConnect({
    socket: plain,
    servername: hubServerName,
    ca: trustBundle(keys),
    ALPNProtocols: ['h2'],
  });
  try {
    const closed = once(plain, 'close').then(() => Promise.reject(new Error('closed before the handshake')));
    await Promise.race([once(secure, 'secureConnect'), closed]);
    return secure.alpnProtocol;
  } finally {
    secure.on('error', () => undefined).destroy();
    plain.destroy();
  }
}
