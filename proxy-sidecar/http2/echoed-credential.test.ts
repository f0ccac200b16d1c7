// Upstreams that tell what they were asked, over HTTP/2: heads, interim heads, bodies, trailers, and streams that must not stall.
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { headerField } from '../http/header-fields.ts';
import { host, permitted, startHttp2 } from './testing/start-http2.ts';

const secret = 'ghp_Secret0123456789';
const stars = '*'.repeat(secret.length);
const signedIn = { ...permitted, setFields: [headerField('Authorization', `Bearer ${secret}`)] };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A session through the sidecar to a server that does this with each stream. */
async function sessionTo(onStream: (stream: ServerHttp2Stream, raw: string[]) => void): Promise<ClientHttp2Session> {
  const server = createServer();
  server.on('session', session => cleanups.push(() => session.destroy()));
  server.on('stream', (stream, _headers, _flags, raw) => {
    stream.on('error', () => undefined);
    onStream(stream as ServerHttp2Stream, raw);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = await startHttp2({ upstream: () => ({ port, alpn: 'h2' }), decide: () => signedIn });
  cleanups.push(() => proxy.close());
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  session.on('error', () => undefined);
  cleanups.push(() => session.destroy());
  return session;
}

const request = (method: string) => [':method', method, ':scheme', 'https', ':authority', host, ':path', '/'];

test('heads, bodies and trailers show its length alone', async () => {
  const session = await sessionTo((stream, raw) => {
    const told = raw.find(text => text.startsWith('Bearer ')) ?? 'none';
    stream.additionalHeaders({ ':status': 103, 'x-echo': told });
    stream.respond({ ':status': 200, 'x-echo': told }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-echo': told }));
    stream.write(told.slice(0, 15));
    stream.end(told.slice(15));
  });
  const stream = session.request(request('GET'));
  const echoes: unknown[] = [];
  for (const event of ['headers', 'response', 'trailers'])
    stream.on(event, (headers: Record<string, unknown>) => echoes.push(headers['x-echo']));
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'close');
  expect(echoes).toEqual(Array(3).fill(`Bearer ${stars}`));
  expect(Buffer.concat(chunks).toString()).toBe(`Bearer ${stars}`);
});

test('a coded answer is a 502, and the server was asked for none, nor for a part', async () => {
  const seen: string[][] = [];
  const session = await sessionTo((stream, raw) => {
    seen.push(raw);
    stream.respond({ ':status': 200, 'content-encoding': 'br' });
    stream.end('coded');
  });
  const stream = session.request([...request('GET'), 'accept-encoding', 'br', 'range', 'bytes=0-2']);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  await once(stream, 'close');
  expect(headers[':status']).toBe(502);
  expect(Buffer.concat(chunks).toString()).toContain('EncodedAnswer');
  const [raw = []] = seen;
  expect(raw.flatMap((text, at) => (text === 'accept-encoding' ? [raw[at + 1]] : []))).toEqual(['identity']);
  expect(raw).not.toContain('range');
});

test('a message that ends like the credential begins is there before the next one is asked for', async () => {
  const session = await sessionTo(stream => {
    stream.respond({ ':status': 200 });
    stream.on('data', (data: Buffer) => stream.write(data));
    stream.on('end', () => stream.end());
  });
  const stream = session.request(request('POST'), { endStream: false });
  for (const message of ['ends in g', 'ends in ghp', 'r01 ', secret.slice(-3)]) {
    stream.write(message);
    const [data] = (await once(stream, 'data')) as [Buffer];
    expect(data.toString()).toBe(message);
  }
  stream.end();
  await once(stream, 'close');
  expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
});
