// Whatever list of fields an agent sends: what upstream received is what the gate saw, or upstream received nothing.
import { once } from 'node:events';
import { createServer as createHttp1 } from 'node:http';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFields, flag, frameType, RawHttp2 } from './testing/raw-http2.ts';
import { type StartedHttp2, startHttp2, type Upstream } from './testing/start-http2.ts';

interface Seen {
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly authority: string | undefined;
}

const seen: Seen[] = [];
/** All values, from the list as it came: node's objects keep the first of some. */
const valuesIn = (raw: readonly string[], key: string) =>
  raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === key).join(', ');
const bodyFields = (raw: readonly string[]) => ({
  contentType: valuesIn(raw, 'content-type'),
  contentEncoding: valuesIn(raw, 'content-encoding'),
});
const h2 = createServer({ strictSingleValueFields: false });
h2.on('stream', (stream, headers, _flags, raw) => {
  const { ':method': method, ':path': target, ':authority': authority } = headers;
  seen.push({ method, target, authority, ...bodyFields(raw) });
  stream.on('error', () => undefined).resume();
  if ('respond' in stream && typeof stream.respond === 'function')
    stream.respond({ ':status': 204 }, { endStream: true });
});
const h1 = createHttp1((request, response) => {
  const { method, url: target, headers, rawHeaders } = request;
  seen.push({ method, target, authority: headers.host, ...bodyFields(rawHeaders) });
  request.resume();
  response.writeHead(204).end();
});

const proxies = new Map<Upstream['alpn'], StartedHttp2>();
beforeAll(async () => {
  for (const [alpn, server] of [
    ['h2', h2],
    ['http/1.1', h1],
  ] as const) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const limits = { wastedStreams: { burst: 1e9, perSecond: 1e9 } };
    proxies.set(alpn, await startHttp2({ upstream: () => ({ port, alpn }), limits }));
  }
});
afterAll(async () => {
  for (const proxy of proxies.values()) await proxy.close();
  h1.close();
  h2.close();
});

const odds = ['a', 'Z', '/', ':', '?', '#', '%', '.', ' ', '\t', '\r', '\n', '\0', ',', ';', '=', '\x80'];
const odd = fc.string({ unit: fc.constantFrom(...odds), maxLength: 8 });
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE') },
  fc.constantFrom('get', 'CONNECT', 'PRI', 'G T', ''),
  odd,
);
const path = fc.oneof(
  { weight: 6, arbitrary: fc.webPath().map(text => text || '/') },
  odd.map(text => `/${text}`),
  fc.constantFrom('*', '', '//evil.test/', 'https://evil.test/'),
);
const authority = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('api.test', 'API.test', 'api.test:443', 'api.test.') },
  fc.constantFrom('evil.test', 'x@api.test', 'api.test:80'),
  odd,
);
const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'content-type',
      'content-encoding',
      'cookie',
      'host',
      'content-length',
      'x-a',
      'te',
      'accept',
      'expect',
    ),
  },
  fc.constantFrom('transfer-encoding', 'connection', 'upgrade', ':path', ':method', 'X-Up', 'x-http-method-override'),
  odd,
);
const value = fc.oneof(
  fc.constantFrom('application/json', 'gzip', 'api.test', 'trailers', '0', 'chunked', 'evil.test', '100-continue'),
  odd,
);
const fields = fc
  .tuple(method, path, authority, fc.array(fc.tuple(name, value), { maxLength: 6 }))
  .map(([m, p, a, more]): (readonly [string, string])[] => [
    [':method', m],
    [':scheme', 'https'],
    [':authority', a],
    [':path', p],
    ...more,
  ]);

describe.each(['h2', 'http/1.1'] as const)('H22 towards an %s upstream', alpn => {
  test('what upstream received is what policy saw, or nothing', async () => {
    const proxy = proxies.get(alpn);
    if (proxy === undefined) throw new Error('not started');
    let forwarded = 0;
    await fc.assert(
      fc.asyncProperty(fields, async sent => {
        proxy.asked.length = 0;
        proxy.records.length = 0;
        seen.length = 0;
        const raw = await RawHttp2.connect(proxy.port);
        raw.send(frameType.HEADERS, flag.END_HEADERS | flag.END_STREAM, 1, encodeFields(sent));
        await raw.frame(
          ({ type, flags, stream }) =>
            type === frameType.GOAWAY ||
            type === frameType.RST_STREAM ||
            (stream === 1 && (flags & flag.END_STREAM) === 1),
        );
        raw.socket.destroy();
        expect(seen.length).toBeLessThanOrEqual(1);
        const [got] = seen;
        if (got === undefined) return;
        forwarded++;
        const { head } = proxy.asked[0] ?? {};
        expect(got).toEqual({
          method: head?.method,
          target: head?.target,
          authority: 'api.test',
          contentType: head?.contentType ?? '',
          contentEncoding: head?.contentEncoding ?? '',
        });
      }),
      { numRuns: 300 },
    );
    // Otherwise the property would hold of a proxy that refuses everything.
    expect(forwarded).toBeGreaterThan(20);
  });
});
