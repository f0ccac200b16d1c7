// R06: a few hundred kilobytes that would be an eighth of a gigabyte. Nobody inflates them: what a rule must read is refused,
// what nobody reads passes as it came.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { decideRequest } from '../../engine/decide/decide-request.ts';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import { sampleRule } from '../../engine/decide/testing/samples.ts';
import type { GateVerdict } from '../connection/request-gate.ts';
import { listening } from '../testing/listening.ts';
import { headerField } from './header-fields.ts';
import { permitted, startHttp } from './testing/start-http.ts';

const inflatedBytes = 128 * 1024 * 1024;
const bombs = new Map<string, Buffer>();
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

// Under load the compressors take their time.
beforeAll(() => {
  const zeros = Buffer.alloc(inflatedBytes);
  bombs.set('gzip', gzipSync(zeros));
  bombs.set('br', brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }));
  bombs.set('zstd', zstdCompressSync(zeros));
  bombs.set('gzip, gzip', gzipSync(bombs.get('gzip') ?? ''));
}, 120_000);

const codings = ['gzip', 'br', 'zstd', 'gzip, gzip'];
const bombOf = (coding: string) => bombs.get(coding) ?? Buffer.alloc(0);

/** What comes back until the end, and by how much the process has grown meanwhile. */
async function talk(port: number, ...pieces: readonly (string | Buffer)[]) {
  const before = process.memoryUsage().rss;
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  for (const piece of pieces) socket.write(piece);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const got = Buffer.concat(chunks);
  const end = got.indexOf('\r\n\r\n');
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
  return { head: got.toString('latin1', 0, end), body: got.subarray(end + 4), grownMiB };
}

async function startUpstream(coding: string): Promise<number> {
  const server = createServer((request, response) => {
    request.resume();
    const bomb = bombOf(coding);
    response.writeHead(200, { 'content-encoding': coding, 'content-length': bomb.length }).end(bomb);
  });
  cleanups.push(() => server.close());
  return await listening(server);
}

const request = (method: string, ...fields: readonly string[]) =>
  [`${method} / HTTP/1.1`, 'Host: good.example', 'Connection: close', ...fields, '', ''].join('\r\n');

test.each(codings)('R06 an answer in %s passes as it came', async coding => {
  const bomb = bombOf(coding);
  // Control: it is one.
  expect(inflatedBytes / bomb.length).toBeGreaterThan(100);
  const proxy = await startHttp({ upstreamPort: await startUpstream(coding) });
  cleanups.push(proxy.close);
  const { head, body, grownMiB } = await talk(proxy.port, request('GET'));
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(body.equals(bomb)).toBe(true);
  expect(grownMiB).toBeLessThan(64);
});

test.each(codings)(
  'R06 an answer in %s to a signed request, which would have to be looked through, is refused',
  async coding => {
    const signed = permitted([headerField('Authorization', 'Bearer ghp_Secret0123456789')]);
    const proxy = await startHttp({ upstreamPort: await startUpstream(coding), decide: () => signed });
    cleanups.push(proxy.close);
    const { head, body, grownMiB } = await talk(proxy.port, request('GET'));
    expect(head).toMatch(/^HTTP\/1\.1 502 /);
    expect(body.toString()).toContain('EncodedAnswer');
    expect(grownMiB).toBeLessThan(64);
  },
);

const rule = sampleRule('Allow', ['good.example'], {
  protocol: 'JSONRPC',
  inspection: { kind: 'JSONRPC', methods: ['ping'] },
});

function decide(head: RequestHead, body?: Buffer): GateVerdict {
  const decision = decideRequest({ rules: [rule], grants: [] }, head, body);
  if (decision.verdict === 'NeedsBody') return decision;
  if (decision.verdict === 'Allow') return permitted();
  const [status, error] = decision.verdict === 'Deny' ? [decision.status, decision.reason] : [403, decision.reason];
  return { verdict: 'Refuse', status, body: { error, detail: '', host: 'good.example', port: 80 } };
}

test.each(codings)('R06 a body in %s that a rule would have to read is refused as it is', async coding => {
  const upstreamPort = await startUpstream('gzip');
  const proxy = await startHttp({ upstreamPort, decide });
  cleanups.push(proxy.close);
  const post = (body: Buffer, ...fields: readonly string[]) =>
    talk(
      proxy.port,
      request('POST', 'Content-Type: application/json', `Content-Length: ${body.length}`, ...fields),
      body,
    );
  // Control: the same rule lets a plain body through.
  const plain = await post(Buffer.from('{"jsonrpc":"2.0","method":"ping","id":1}'));
  expect(plain.head).toMatch(/^HTTP\/1\.1 200 /);
  expect(proxy.dials()).toBe(1);
  const { head, grownMiB } = await post(bombOf(coding), `Content-Encoding: ${coding}`);
  expect(head).toMatch(/^HTTP\/1\.1 41[35] /);
  expect(grownMiB).toBeLessThan(64);
  expect(proxy.dials()).toBe(1);
});
