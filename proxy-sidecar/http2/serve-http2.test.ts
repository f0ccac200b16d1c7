import { once } from 'node:events';
import { createServer as createHttp1, type Server as Http1Server } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { headerField } from '../http/header-fields.ts';
import {
  host,
  permitted,
  type StartedHttp2,
  type StartHttp2,
  startHttp2,
  type Upstream,
} from './testing/start-http2.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type OnStream = (stream: ServerHttp2Stream, raw: string[]) => void;

async function listening(server: Server | Http1Server | Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function h2Upstream(onStream: OnStream): Promise<Upstream> {
  const server = createServer({ strictSingleValueFields: false });
  server.on('session', session => {
    session.on('error', () => undefined);
    cleanups.push(() => session.destroy());
  });
  server.on('stream', (stream, _headers, _flags, raw) => {
    stream.on('error', () => undefined);
    onStream(stream as ServerHttp2Stream, raw);
  });
  return { port: await listening(server), alpn: 'h2' };
}

async function started(
  upstream: Upstream | undefined,
  start: Omit<StartHttp2, 'upstream'> = {},
): Promise<StartedHttp2> {
  const proxy = await startHttp2({ upstream: () => upstream, ...start });
  cleanups.push(() => proxy.close());
  return proxy;
}

async function client(proxy: StartedHttp2): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${proxy.port}`, { strictSingleValueFields: false } as object);
  session.on('error', () => undefined);
  await once(session, 'connect');
  cleanups.push(() => session.destroy());
  return session;
}

interface Answer {
  readonly status: string | undefined;
  readonly raw: readonly string[];
  readonly interim: readonly string[][];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly code: number;
}

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: readonly string[];
  readonly body?: string | Buffer;
  readonly trailers?: Record<string, string>;
}

function ask(session: ClientHttp2Session, request: Ask = {}): Promise<Answer> {
  const { method = 'GET', path = '/x', fields = [], body, trailers } = request;
  const raw = [':method', method, ':scheme', 'https', ':authority', host, ':path', path, ...fields];
  const stream = session.request(raw, { endStream: body === undefined, waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  if (body !== undefined) stream.end(body);
  return new Promise(resolve => {
    let head: string[] = [];
    let trailing: string[] = [];
    const interim: string[][] = [];
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('headers', (_headers, _flags, list: string[]) => interim.push(list));
    stream.on('response', (_headers, _flags, list: string[]) => (head = list));
    stream.on('trailers', (_headers, _flags, list: string[]) => (trailing = list));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () =>
      resolve({
        status: head[1],
        raw: head,
        interim,
        body: Buffer.concat(chunks).toString(),
        trailers: trailing,
        code: stream.rstCode ?? -1,
      }),
    );
  });
}

test('a request and its answer cross with bodies, trailers and an interim answer, without what speaks of the hop', async () => {
  const seen: string[][] = [];
  const upstream = await h2Upstream((stream, raw) => {
    seen.push(raw);
    stream.on('trailers', (_headers, _flags, list) => seen.push(list));
    stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
    const fields = [':status', '201', 'x-a', '1', 'x-a', '2', 'alt-svc', 'h3=":443"'];
    stream.respond(fields, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }));
    stream.pipe(stream);
  });
  const proxy = await started(upstream);
  const answer = await ask(await client(proxy), {
    method: 'POST',
    fields: ['te', 'trailers', 'cookie', 'a=1', 'x-forwarded-for', '1.2.3.4', 'cookie', 'b=2', 'x-b', '1', 'x-b', '2'],
    body: 'hello',
    trailers: { 'x-end': '1' },
  });
  expect(answer).toMatchObject({ status: '201', body: 'hello', trailers: ['x-sum', 'abc'], code: 0 });
  expect(answer.interim).toEqual([[':status', '103', 'link', '</style.css>']]);
  expect(answer.raw.slice(0, 6)).toEqual([':status', '201', 'x-a', '1', 'x-a', '2']);
  expect(answer.raw).not.toContain('alt-svc');
  expect(seen).toEqual([
    [
      ':method POST :scheme https :authority api.test :path /x'.split(' '),
      ['cookie', 'a=1; b=2', 'x-b', '1', 'x-b', '2', 'te', 'trailers'],
    ].flat(),
    ['x-end', '1'],
  ]);
  await proxy.recorded(1);
  expect(proxy.records).toEqual([
    {
      head: expect.objectContaining({ method: 'POST', target: '/x' }),
      record: { outcome: 'Forwarded', status: 201, bytesUp: 5, bytesDown: 5 },
    },
  ]);
  expect(proxy.watching.size).toBe(0);
});

test('streams share one upstream session; each is decided alone, and a refusal says why', async () => {
  const upstream = await h2Upstream(stream => stream.respond({ ':status': 200 }, { endStream: true }));
  const proxy = await started(upstream, {
    decide: head =>
      head.method === 'GET'
        ? { ...permitted, setFields: [headerField('Authorization', 'Bearer secret')] }
        : {
            verdict: 'Refuse',
            status: 403,
            body: { error: 'RequestNotAllowed', detail: 'No rule lists it.', host, port: 443, approval: 'ar-1' },
          },
  });
  const session = await client(proxy);
  const answers = await Promise.all(
    [...Array(20).keys()].map(at => ask(session, { method: at % 2 === 0 ? 'GET' : 'DELETE', path: `/${at}?q` })),
  );
  expect(answers.map(({ status }) => status)).toEqual([...Array(20).keys()].map(at => (at % 2 === 0 ? '200' : '403')));
  expect(JSON.parse(answers[1]?.body ?? '')).toMatchObject({
    error: 'RequestNotAllowed',
    method: 'DELETE',
    path: '/1',
  });
  expect(answers[1]?.raw).toContain('RequestNotAllowed; approval=ar-1');
  expect(proxy.dials()).toBe(1);
});

test('a refused upload is not waited for, and the connection goes on', async () => {
  const upstream = await h2Upstream(stream => stream.respond({ ':status': 200 }, { endStream: true }));
  const proxy = await started(upstream, {
    decide: head =>
      head.method === 'GET'
        ? permitted
        : { verdict: 'Refuse', status: 403, body: { error: 'No', detail: 'No.', host, port: 443 } },
  });
  const session = await client(proxy);
  expect(await ask(session, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024) })).toMatchObject({ status: '403' });
  expect(await ask(session)).toMatchObject({ status: '200' });
});

test('a rule that reads bodies gets the whole one, and upstream gets the same bytes', async () => {
  const bodies: string[] = [];
  const upstream = await h2Upstream(stream => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  const proxy = await started(upstream, {
    decide: (_head, body) => (body === undefined ? { verdict: 'NeedsBody', maxBytes: 64 } : permitted),
  });
  const session = await client(proxy);
  expect(await ask(session, { method: 'POST', body: '{"a":1}' })).toMatchObject({ status: '200' });
  expect(await ask(session, { method: 'POST', body: 'x'.repeat(65) })).toMatchObject({ status: '413' });
  expect(bodies).toEqual(['{"a":1}']);
  expect(proxy.asked.map(({ body }) => body?.toString())).toEqual([undefined, '{"a":1}', undefined]);
});

test('an HTTP/1.1 upstream gets chunks or a length and one Host', async () => {
  const seen: unknown[] = [];
  const server = createHttp1((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push([request.method, request.url, request.rawHeaders, Buffer.concat(chunks).toString()]);
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(200, { 'X-Up': '1', Connection: 'x-hop', 'X-Hop': '1' });
      response.end('answer');
    });
  });
  const proxy = await started({ port: await listening(server), alpn: 'http/1.1' });
  const session = await client(proxy);
  const answer = await ask(session, { method: 'POST', path: '/p?q=1', fields: ['te', 'trailers'], body: 'hello' });
  expect(answer).toMatchObject({ status: '200', body: 'answer', code: 0 });
  expect(answer.raw).toContain('x-up');
  expect(answer.raw).not.toContain('x-hop');
  expect(answer.interim.map(list => list.slice(0, 2))).toEqual([[':status', '103']]);
  await ask(session, { method: 'PUT', fields: ['content-length', '2'], body: 'ab' });
  await ask(session);
  const last = ['Connection', 'close'];
  expect(seen).toEqual([
    ['POST', '/p?q=1', ['host', host, ...last, 'Transfer-Encoding', 'chunked'], 'hello'],
    ['PUT', '/x', ['host', host, ...last, 'Content-Length', '2'], 'ab'],
    ['GET', '/x', ['host', host, ...last], ''],
  ]);
});

test('a stream that policy no longer allows is reset on both sides', async () => {
  const resets: number[] = [];
  const upstream = await h2Upstream(stream => {
    stream.respond({ ':status': 200 });
    stream.write('first');
    stream.on('close', () => resets.push(stream.rstCode ?? -1));
  });
  const proxy = await started(upstream);
  const session = await client(proxy);
  const answer = ask(session);
  await expect.poll(() => proxy.watching.size).toBe(1);
  for (const close of proxy.watching) close();
  expect(await answer).toMatchObject({ code: constants.NGHTTP2_CANCEL });
  await expect.poll(() => resets).toEqual([constants.NGHTTP2_CANCEL]);
  expect(proxy.records[0]?.record).toMatchObject({ reason: 'NoLongerAllowed' });
});

test('the signal ends the whole connection', async () => {
  const upstream = await h2Upstream(stream => stream.respond({ ':status': 200 }));
  const proxy = await started(upstream);
  const session = await client(proxy);
  const answer = ask(session);
  await expect.poll(() => proxy.watching.size).toBe(1);
  const closed = once(session, 'close');
  proxy.end.abort();
  await closed;
  await answer;
  expect(proxy.watching.size).toBe(0);
});

test('half an answer is reset, never ended as if it were whole', async () => {
  const upstream = await h2Upstream(stream => {
    // Trailers that never come: node would end the stream before the reset.
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.write('half');
    setImmediate(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  });
  const proxy = await started(upstream);
  expect((await ask(await client(proxy))).code).not.toBe(0);
  await proxy.recorded(1);
  expect(proxy.records[0]?.record).toMatchObject({ outcome: 'BadUpstream', reason: 'Truncated' });
});

test.each(['h2', 'http/1.1'] as const)('half an upload never looks whole to an %s upstream', async alpn => {
  const ends: string[] = [];
  const started11 = async (): Promise<Upstream> => {
    const server = createHttp1(request => {
      request.resume();
      request.on('end', () => ends.push('whole'));
      request.on('error', () => ends.push('broken'));
    });
    return { port: await listening(server), alpn };
  };
  const upstream =
    alpn === 'http/1.1'
      ? await started11()
      : await h2Upstream(stream => {
          stream.resume();
          stream.on('close', () => ends.push(stream.rstCode === 0 ? 'whole' : 'broken'));
        });
  const proxy = await started(upstream);
  const session = await client(proxy);
  const raw = [':method', 'POST', ':scheme', 'https', ':authority', host, ':path', '/x'];
  const stream = session.request(raw, { waitForTrailers: true });
  stream.on('error', () => undefined);
  stream.write('half');
  await expect.poll(() => proxy.watching.size).toBe(1);
  stream.close(constants.NGHTTP2_CANCEL);
  await expect.poll(() => ends).toEqual(['broken']);
  await proxy.recorded(1);
  expect(proxy.records[0]?.record).toMatchObject({ reason: 'ClientGone' });
});

test('what upstream refused unprocessed is asked again once, on a new session, where asking twice changes nothing', async () => {
  let first = true;
  const upstream = await h2Upstream(stream => {
    if (first) {
      first = false;
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 0);
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      stream.session?.close();
    } else stream.respond({ ':status': 200 }, { endStream: true });
  });
  const proxy = await started(upstream);
  const session = await client(proxy);
  expect(await ask(session)).toMatchObject({ status: '200' });
  expect(proxy.dials()).toBe(2);
});

test('no upstream is 502 with the reason', async () => {
  const proxy = await started(undefined);
  const answer = await ask(await client(proxy));
  expect(answer.status).toBe('502');
  expect(JSON.parse(answer.body)).toMatchObject({ error: 'BadUpstream' });
});

test('an answer before the end of the upload is whole, and the rest of the upload is not waited for', async () => {
  const upstream = await h2Upstream(stream => {
    stream.respond({ ':status': 413 });
    stream.end('too much');
    stream.on('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  });
  const proxy = await started(upstream);
  const session = await client(proxy);
  const answer = await ask(session, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024) });
  expect(answer).toMatchObject({ status: '413', body: 'too much', code: 0 });
  await proxy.recorded(1);
  expect(proxy.records[0]?.record).toMatchObject({ outcome: 'Forwarded', status: 413 });
  expect(proxy.watching.size).toBe(0);
});

test('a slow reader holds upstream back', async () => {
  let sent = 0;
  const upstream = await h2Upstream(stream => {
    stream.respond({ ':status': 200 });
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (sent < 64 * 1024 * 1024 && stream.write(chunk)) sent += chunk.length;
    };
    stream.on('drain', more);
    more();
  });
  const proxy = await started(upstream);
  const session = await client(proxy);
  const stream = session.request([':method', 'GET', ':scheme', 'https', ':authority', host, ':path', '/big']);
  stream.on('error', () => undefined);
  await once(stream, 'response');
  let last = -1;
  await expect.poll(() => sent === last || ((last = sent), false), { interval: 200 }).toBe(true);
  expect(sent).toBeLessThan(4 * 1024 * 1024);
  stream.close();
});

test('a gate that throws ends its connection and is told to the caller, not the process', async () => {
  const proxy = await startHttp2({
    upstream: () => undefined,
    decide: () => {
      throw new Error('a bug');
    },
  });
  const session = await client(proxy);
  const closed = once(session, 'close');
  void ask(session);
  await closed;
  await expect(proxy.close()).rejects.toThrow('a bug');
});

test.each(['h2', 'http/1.1'] as const)(
  "the gate's credential replaces the client's towards an %s upstream",
  async alpn => {
    const seen: (readonly string[])[] = [];
    const h1 = async (): Promise<Upstream> => {
      const server = createHttp1((request, response) => {
        seen.push(request.rawHeaders);
        response.end();
      });
      return { port: await listening(server), alpn };
    };
    const upstream =
      alpn === 'http/1.1'
        ? await h1()
        : await h2Upstream((stream, raw) => {
            seen.push(raw);
            stream.respond({ ':status': 200 }, { endStream: true });
          });
    const proxy = await started(upstream, {
      decide: () => ({ ...permitted, setFields: [headerField('Authorization', 'Bearer real')] }),
    });
    const fields = ['authorization', 'Bearer mine', 'authorization', 'Bearer second'];
    expect(await ask(await client(proxy), { fields })).toMatchObject({ status: '200' });
    expect(seen[0]?.filter(text => text.startsWith('Bearer'))).toEqual(['Bearer real']);
  },
);
