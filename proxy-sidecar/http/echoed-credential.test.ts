// Upstreams that tell what they were asked, byte for byte: what the agent may see of a credential is its length.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { listening } from '../testing/listening.ts';
import { type HeaderField, headerField } from './header-fields.ts';
import { permitted, startHttp } from './testing/start-http.ts';

const secret = 'ghp_Secret0123456789';
const stars = '*'.repeat(secret.length);
const signedIn = [headerField('Authorization', `Bearer ${secret}`)];

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** What the agent gets for its requests, and what upstream got; it answers each read with `pieces`, one segment each. */
async function exchange(requests: string, pieces: readonly string[], setFields: readonly HeaderField[] = signedIn) {
  const seen: string[] = [];
  const upstream = createServer(socket => {
    socket.setNoDelay(true).on('error', () => undefined);
    socket.on('data', data => {
      seen.push(data.toString('latin1'));
      for (const piece of pieces) socket.write(piece, 'latin1');
    });
  });
  cleanups.push(() => upstream.close());
  const decide = () => permitted(setFields);
  const proxy = await startHttp({ upstreamPort: await listening(upstream), host: 'api.test', decide });
  cleanups.push(proxy.close);
  const agent = connect(proxy.port, '127.0.0.1');
  agent.end(requests);
  const chunks: Buffer[] = [];
  agent.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(agent, 'close');
  return { seen, got: Buffer.concat(chunks).toString('latin1') };
}

const get = (...fields: readonly string[]) =>
  ['GET / HTTP/1.1', 'Host: api.test', 'Accept-Encoding: gzip, br', ...fields, '', ''].join('\r\n');
const last = get('Connection: close');
const bodyOf = (got: string) => got.slice(got.indexOf('\r\n\r\n') + 4);

test('in the reason, in fields and in a body of a length: the next answer stands where it should', async () => {
  const body = `{"authorization":"Bearer ${secret}"}`;
  const head = `HTTP/1.1 200 Hello ${secret}\r\nX-Echo: Bearer ${secret}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const { got, seen } = await exchange(get() + last, [head, body]);
  const masked = (head + body).replaceAll(secret, stars);
  expect(got.replaceAll(/Connection: .*\r\n/g, '')).toBe(masked + masked);
  expect(seen).toHaveLength(2);
});

test('in chunks that part it anywhere', async () => {
  const text = `before ${secret} after`;
  for (let at = 8; at < 8 + secret.length; at += 5) {
    const chunks = [text.slice(0, at), text.slice(at)].map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    const { got } = await exchange(last, [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      ...chunks,
      '0\r\n\r\n',
    ]);
    const shown = bodyOf(got).replaceAll(/(^|\r\n)[0-9a-f]+\r\n/g, '');
    // Fewer than four of its bytes at the end of a piece have gone on before the rest came.
    expect(shown.replace(/^before (g|gh|ghp)\*/, 'before *')).toMatch(/^before \*+ after/);
    expect(shown).not.toContain(secret.slice(3));
  }
});

test('what was held back at the end of a body is not lost', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
  expect(bodyOf((await exchange(last, [head, 'abcdghp_Se'])).got)).toBe('abcdghp_Se');
});

test('upstream is asked for no coding, and one that codes all the same is refused without a byte of it', async () => {
  const { got, seen } = await exchange(last, [
    'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd',
  ]);
  expect(seen[0]?.match(/^accept-encoding: .*$/gim)).toEqual(['Accept-Encoding: identity']);
  expect(got).toMatch(/^HTTP\/1\.1 502 [^]*EncodedAnswer/);
  expect(got).not.toContain('abcd');
});

test('no part of an answer is asked for: put together, slices would show it', async () => {
  const slices = get('Range: bytes=0-2', 'If-Range: "tag"', 'Connection: close');
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const { seen } = await exchange(slices, [answer]);
  expect(seen[0]).not.toMatch(/range/i);
  // Control: where nothing is signed they go on.
  const { seen: unsigned } = await exchange(slices, [answer], []);
  expect(unsigned[0]).toMatch(/^Range: bytes=0-2\r$/m);
  expect(unsigned[0]).toMatch(/^If-Range: "tag"\r$/m);
});

test('an answer without a body may name a coding', async () => {
  const { got } = await exchange(last, ['HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n']);
  expect(got).toMatch(/^HTTP\/1\.1 304 /);
});

test('where no credential was set, nothing is changed', async () => {
  const body = `Bearer ${secret}`;
  const answer = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const { got, seen } = await exchange(last, [answer], []);
  expect(bodyOf(got)).toBe(body);
  expect(seen[0]).toContain('Accept-Encoding: gzip, br\r\n');
});
