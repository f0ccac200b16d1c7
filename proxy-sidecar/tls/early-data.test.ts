// T17: early data (RFC 8446, 2.3) could be replayed, and comes before the handshake has shown whose it is. None is taken.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestCa } from '../../test/outside/server/test-ca.ts';
import { listening } from '../testing/listening.ts';
import { createLeafContexts, terminateTls } from './terminate-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'cr-early-'));
const place = (name: string) => join(folder, name);
const closers: (() => void)[] = [];
let certificate: { readonly cert: string; readonly key: string };

beforeAll(() => {
  const ca = openTestCa(folder);
  certificate = ca.certificateFor('a.test');
  writeFileSync(place('early'), 'GET /early HTTP/1.1\r\nHost: a.test\r\n\r\n');
});
afterAll(() => {
  for (const close of closers) close();
  rmSync(folder, { recursive: true });
});

/** The sidecar's own end of TLS, which says hello once the handshake is done and repeats what it reads. */
async function startTerminated(read: string[]): Promise<number> {
  const leaf = { ...certificate, notAfterMs: Date.now() + 86_400_000 };
  const context = await createLeafContexts(() => Promise.resolve(leaf), Date.now).contextFor('a.test');
  const serve = async (socket: Socket) => {
    const plain = await terminateTls(socket, context);
    plain?.on('data', (chunk: Buffer) => read.push(chunk.toString()));
    plain?.write('hello\n');
  };
  const server = createServer({ pauseOnConnect: true }, socket => void serve(socket.on('error', () => undefined)));
  closers.push(() => server.close());
  return await listening(server);
}

/** One that takes early data: what the sidecar would be if it did. */
async function startCareless(): Promise<number> {
  writeFileSync(place('cert.pem'), certificate.cert);
  writeFileSync(place('key.pem'), certificate.key);
  const files = ['-cert', place('cert.pem'), '-key', place('key.pem')];
  const port = await freePort();
  const server = spawn('openssl', ['s_server', '-accept', `127.0.0.1:${port}`, '-early_data', ...files], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  closers.push(() => server.kill());
  await once(server.stdout, 'data');
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** What openssl prints of a connection that ends a moment after the handshake, so that tickets have come. */
async function openssl(port: number, ...args: readonly string[]): Promise<string> {
  const client = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'a.test', '-tls1_3', ...args];
  return await new Promise(resolve => {
    const child = execFile('openssl', client, (_error, stdout, stderr) => resolve(stdout + stderr));
    // It reads to the end of its input: the server's first words come before.
    setTimeout(() => child.stdin?.end(), 500);
  });
}

async function resumeWithEarlyData(port: number): Promise<string> {
  const session = place(`session-${port}`);
  await openssl(port, '-sess_out', session);
  return await openssl(port, '-sess_in', session, '-early_data', place('early'));
}

test('T17 a resumed session carries no early data', async () => {
  const read: string[] = [];
  const careful = await resumeWithEarlyData(await startTerminated(read));
  expect(careful).toMatch(/^Reused, TLSv1\.3/m);
  expect(careful).toMatch(/^Max Early Data: 0$|^Early data was not sent$/m);
  expect(careful).not.toContain('Early data was accepted');
  expect(read.join('')).not.toContain('early');
  // Control: the same client gives it to a server that takes it.
  expect(await resumeWithEarlyData(await startCareless())).toContain('Early data was accepted');
});
