import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Permit } from '../../engine/decide/permit.ts';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import type { GateRecord, GateVerdict } from '../connection/request-gate.ts';
import { type HeaderField, headerField } from './header-fields.ts';
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { serveHttp } from './serve-http.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(
  server: { listen(port: number, host: string): unknown } & NodeJS.EventEmitter & { close(): unknown },
) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return ((server as Server).address() as AddressInfo).port;
}

/** A stand-in for what the engine pins: the tests' own upstream on loopback. */
const permitFor = (host: string, port: number) =>
  ({
    verdict: 'Permit',
    host,
    port,
    addresses: ['127.0.0.1'],
    allow: { by: 'Rule', id: 'r', protocol: 'HTTP', mode: 'Enforce' },
  }) as unknown as Permit;

const permitted = (setFields: readonly HeaderField[] = []): GateVerdict => ({
  verdict: 'Permit',
  permit: permitFor('good.example', 80),
  setFields,
});

interface Proxy {
  readonly port: number;
  readonly facts: RequestHead[];
  readonly records: (GateRecord & { readonly method: string })[];
  /** Requests in flight, as their closers. */
  readonly open: Set<() => void>;
  dials: number;
}

async function startProxy(
  upstreamPort: number,
  decide: (facts: RequestHead, body?: Buffer) => GateVerdict = () => permitted(),
  limits: Partial<HttpLimits> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Proxy> {
  const proxy: Proxy = { port: 0, facts: [], records: [], open: new Set(), dials: 0 };
  const server = createTcpServer({ allowHalfOpen: true }, client => {
    void serveHttp(client, {
      gate: {
        host: 'good.example',
        port: 80,
        defaultPort: 80,
        decide: (facts, body) => {
          proxy.facts.push(facts);
          return Promise.resolve(decide(facts, body));
        },
        watch: (_head, _body, close) => {
          proxy.open.add(close);
          return () => proxy.open.delete(close);
        },
        record: (head, record) => proxy.records.push({ ...record, method: head.method }),
      },
      dial: async () => {
        proxy.dials++;
        const stream = connect(upstreamPort, '127.0.0.1');
        await once(stream, 'connect');
        return { ok: true, stream };
      },
      limits: { ...defaultHttpLimits, ...limits },
      signal,
    });
  });
  const port = await listen(server);
  return Object.assign(proxy, { port });
}

/** Sends raw bytes and returns all that comes back until the end. */
async function talk(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const echo = (request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      response.setHeader('Alt-Svc', 'h3=":443"');
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
};

function bodyOf(text: string): Record<string, unknown> {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
}

const get = (path: string, ...fields: string[]) =>
  ['GET ' + path + ' HTTP/1.1', 'Host: good.example', ...fields, '', ''].join('\r\n');

describe('a permitted request', () => {
  test('H19, H34, H38 reaches upstream re-serialised, without spoofed and hop-by-hop fields', async () => {
    const proxy = await startProxy(await listen(createServer(echo)));
    const fields = [
      'X-Forwarded-For: 1.2.3.4',
      'Via: x',
      'Connection: close, X-Secret',
      'X-Secret: s',
      'X-Kept: Yes',
      'Upgrade: h2c',
      'X-HTTP-Method-Override: DELETE',
      'Proxy-Authorization: x',
    ];
    const answer = await talk(proxy.port, get('/a%2fb?c=d', ...fields));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).not.toContain('Alt-Svc');
    expect(bodyOf(answer)).toEqual({
      method: 'GET',
      url: '/a%2fb?c=d',
      headers: { host: 'good.example', 'x-kept': 'Yes' },
      body: '',
    });
    expect(proxy.records).toMatchObject([{ outcome: 'Forwarded', status: 200 }]);
  });

  test('carries its body by length or in chunks', async () => {
    const proxy = await startProxy(await listen(createServer(echo)));
    const byLength = 'POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
    const chunked =
      'POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: u\r\n\r\n';
    expect(bodyOf(await talk(proxy.port, byLength))['body']).toBe('hello');
    expect(bodyOf(await talk(proxy.port, chunked))['body']).toBe('hello');
  });

  test('H16, H18 shares the upstream connection with the next one, and each is decided alone', async () => {
    const proxy = await startProxy(await listen(createServer(echo)), facts =>
      facts.method === 'DELETE'
        ? {
            verdict: 'Refuse',
            status: 403,
            body: { error: 'NotListed', detail: 'no', host: 'good.example', port: 80, approval: 'apr-1' },
          }
        : permitted(),
    );
    const pipelined =
      get('/ok') +
      get('/ok2') +
      'DELETE /bad?q HTTP/1.1\r\nHost: good.example\r\n\r\n' +
      get('/ok3', 'Connection: close');
    const answer = await talk(proxy.port, pipelined);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200']);
    expect(answer).toContain('X-Creel-Decision: NotListed; approval=apr-1');
    expect(proxy.facts.map(({ target }) => target)).toEqual(['/ok', '/ok2', '/bad?q', '/ok3']);
    expect(proxy.dials).toBe(1);
  });

  test('is asked again on a new connection when upstream had closed the kept one', async () => {
    let sockets = 0;
    const server = createTcpServer(socket => {
      sockets++;
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', () => setTimeout(() => socket.end(), 5)),
      );
      socket.on('error', () => undefined);
    });
    const proxy = await startProxy(await listen(server));
    const socket = connect(proxy.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    const answers: string[] = [];
    for (const path of ['/one', '/two']) {
      socket.write(get(path));
      answers.push(String((await once(socket, 'data'))[0]));
    }
    expect(answers.every(answer => answer.includes(' 200 '))).toBe(true);
    expect(sockets).toBe(2);
  });
});

describe('nothing reaches upstream', () => {
  test.each([
    ['H13 a Host of another name', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421],
    ['a Host of another port', 'GET / HTTP/1.1\r\nHost: good.example:81\r\n\r\n', 421],
    [
      'smuggling by two lengths',
      'POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: good.example\n\n', 400],
    ['H21 HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', Buffer.from([22, 3, 1, 0, 10, 13, 10, 13, 10]), 400],
  ])('for %s', async (_what, bytes, status) => {
    const proxy = await startProxy(await listen(createServer(echo)));
    expect(await talk(proxy.port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(proxy.dials).toBe(0);
    expect(proxy.facts).toEqual([]);
  });

  test('R01 for a head that never ends, after its deadline', async () => {
    const proxy = await startProxy(await listen(createServer(echo)), undefined, { headMs: 50 });
    const socket = connect(proxy.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: go');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 408 /);
  });
});

test('R02 a body that stops coming ends the exchange, with 408 or a cut, and upstream learns that it is not whole', async () => {
  const upstream: { aborted: number; whole: number } = { aborted: 0, whole: 0 };
  const server = createServer(request => {
    request.resume().on('error', () => undefined);
    request.once('close', () => (request.complete ? upstream.whole++ : upstream.aborted++));
  });
  const proxy = await startProxy(await listen(server), undefined, { idleMs: 100 });
  const socket = connect(proxy.port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  socket.write('POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 100\r\n\r\nhalf');
  await once(socket, 'close');
  await expect.poll(() => upstream).toEqual({ aborted: 1, whole: 0 });
});

test('H37 a redirect is an answer like any: passed on, never followed; where to find HTTP/3 is not said', async () => {
  const proxy = await startProxy(
    await listen(
      createServer((_request, response) => {
        response
          .writeHead(307, { Location: 'http://169.254.169.254/', Refresh: '0; url=/', 'Alt-Svc': 'h3=":443"' })
          .end();
      }),
    ),
  );
  const answer = await talk(proxy.port, 'GET / HTTP/1.1\r\nHost: good.example\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 307 /);
  expect(answer).toContain('http://169.254.169.254/');
  expect(answer).not.toMatch(/alt-svc/i);
  expect(proxy.dials).toBe(1);
});

describe('a bad upstream', () => {
  test.each([
    ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 502],
    ['H25 an unsolicited 101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 502],
    ['H42 a flood of 1xx', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20), 502],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 502],
    ['an early end', '', 502],
  ])('that answers %s is a 502', async (_what, answer, status) => {
    const upstream = createTcpServer(socket =>
      socket.once('data', () => socket.end(answer)).on('error', () => undefined),
    );
    const proxy = await startProxy(await listen(upstream));
    expect(await talk(proxy.port, get('/'))).toMatch(
      new RegExp(`^(HTTP/1\\.1 103 \\r\\n\\r\\n|HTTP/1\\.1 103 Early Hints\\r\\n\\r\\n)*HTTP/1\\.1 ${status} `),
    );
    expect(proxy.records).toMatchObject([{ outcome: 'BadUpstream' }]);
  });

  test('that breaks off inside the body breaks the client connection, never completing it', async () => {
    const upstream = createTcpServer(socket =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')),
    );
    const proxy = await startProxy(await listen(upstream));
    const answer = await talk(proxy.port, get('/'));
    expect(answer).not.toContain('0\r\n\r\n');
    expect(proxy.records).toMatchObject([{ outcome: 'BadUpstream', reason: 'Truncated' }]);
  });

  test('that answers before the upload ends is passed on', async () => {
    const upstream = createTcpServer(socket =>
      socket
        .once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'))
        .on('error', () => undefined),
    );
    const proxy = await startProxy(await listen(upstream));
    const socket = connect(proxy.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.write('POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 1000000\r\n\r\nabc');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/);
    await once(socket, 'end');
  });
});

test('R08 a slow client slows upstream down instead of filling memory', async () => {
  const totalBytes = 64 * 1024 * 1024;
  let written = 0;
  const upstream = createServer((_request, response) => {
    response.setHeader('Content-Length', totalBytes);
    const piece = Buffer.alloc(64 * 1024);
    const pump = () => {
      while (written < totalBytes) {
        written += piece.length;
        if (!response.write(piece)) return response.once('drain', pump);
      }
      return response.end();
    };
    pump();
  });
  const proxy = await startProxy(await listen(upstream));
  const socket = connect(proxy.port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.write(get('/'));
  await once(socket, 'readable');
  let before = -1;
  // Both kernels' buffers fill, then nothing moves any more.
  while (before !== written) {
    before = written;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  expect(written).toBeLessThan(24 * 1024 * 1024);
  await new Promise<void>(resolve => {
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= totalBytes) resolve();
    });
  });
  expect(written).toBe(totalBytes);
});

test('a revoked permission cuts a running download at once', async () => {
  const stop = new AbortController();
  const upstream = createServer((_request, response) => response.write('first'));
  const proxy = await startProxy(await listen(upstream), undefined, {}, stop.signal);
  const socket = connect(proxy.port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(get('/'));
  await once(socket, 'data');
  stop.abort();
  await once(socket, 'close');
});

const post = (body: string, ...fields: string[]) =>
  ['POST /rpc HTTP/1.1', 'Host: good.example', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n');
const reads = (_head: RequestHead, body?: Buffer): GateVerdict =>
  body === undefined ? { verdict: 'NeedsBody', maxBytes: 16 } : permitted();

describe('a rule', () => {
  test('that signs requests in replaces what the client sent under that name', async () => {
    const proxy = await startProxy(await listen(createServer(echo)), () =>
      permitted([headerField('Authorization', 'Bearer real')]),
    );
    const answer = await talk(proxy.port, get('/', 'authorization: Bearer fake', 'Connection: close'));
    expect(bodyOf(answer)['headers']).toMatchObject({ authorization: 'Bearer real' });
    expect(answer).not.toContain('fake');
  });

  test('that reads the body decides with it, and exactly those bytes go on', async () => {
    const bodies: (string | undefined)[] = [];
    const proxy = await startProxy(await listen(createServer(echo)), (head, body) => {
      bodies.push(body?.toString());
      return reads(head, body);
    });
    const chunked =
      'POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
    const seen = bodyOf(await talk(proxy.port, chunked));
    expect(seen['body']).toBe('hello');
    expect(seen['headers']).toMatchObject({ 'content-length': '5' });
    expect(seen['headers']).not.toHaveProperty('transfer-encoding');
    expect(bodies).toEqual([undefined, 'hello']);
  });

  test('that reads the body lets a client that waits for 100-continue send it', async () => {
    const proxy = await startProxy(await listen(createServer(echo)), reads);
    const answer = await talk(proxy.port, post('hello', 'Expect: 100-continue', 'Connection: close'));
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    expect(answer.slice(30)).not.toContain('expect');
  });

  test.each([
    ['by its length', post('x'.repeat(17))],
    [
      'as it grows',
      `POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n${'x'.repeat(17)}\r\n0\r\n\r\n`,
    ],
  ])('that reads the body refuses one that is too large, %s', async (_how, bytes) => {
    const proxy = await startProxy(await listen(createServer(echo)), reads);
    expect(await talk(proxy.port, bytes)).toMatch(/^HTTP\/1\.1 413 /);
    expect(proxy.dials).toBe(0);
    expect(proxy.records).toMatchObject([{ outcome: 'Refused', status: 413, reason: 'BodyTooLarge', method: 'POST' }]);
  });

  test('that read a body and refuses the request keeps the connection', async () => {
    const proxy = await startProxy(await listen(createServer(echo)), (head, body) =>
      head.method === 'POST' && body !== undefined
        ? { verdict: 'Refuse', status: 403, body: { error: 'No', detail: 'no', host: 'good.example', port: 80 } }
        : reads(head, body),
    );
    const answer = await talk(proxy.port, post('hello') + get('/next', 'Connection: close'));
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*HTTP\/1\.1 200 OK/);
  });

  test('that is taken back breaks off the request in flight on both sides', async () => {
    const upstreamClosed = Promise.withResolvers<void>();
    const port = await listen(
      createServer((request, response) => {
        request.socket.once('close', () => upstreamClosed.resolve());
        response.writeHead(200, { 'content-length': '100' }).write('begin');
      }),
    );
    const proxy = await startProxy(port);
    const socket = connect(proxy.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined).write(get('/'));
    await once(socket, 'data');
    expect(proxy.open.size).toBe(1);
    for (const close of proxy.open) close();
    await Promise.all([upstreamClosed.promise, once(socket, 'close')]);
    expect(proxy.open.size).toBe(0);
  });
});
