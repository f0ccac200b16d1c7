// Rules that sign requests in, read their bodies, or are taken back meanwhile.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import type { GateVerdict } from '../connection/request-gate.ts';
import { headerField } from './header-fields.ts';
import { bodyOf, echo, get, HttpLab } from './testing/http-lab.ts';
import { permitted } from './testing/start-http.ts';

const lab = new HttpLab();
afterEach(lab.close);

const post = (body: string, ...fields: string[]) =>
  ['POST /rpc HTTP/1.1', 'Host: good.example', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n');
const reads = (_head: RequestHead, body?: Buffer): GateVerdict =>
  body === undefined ? { verdict: 'NeedsBody', maxBytes: 16 } : permitted();

describe('a rule', () => {
  test('that signs requests in replaces what the client sent under that name', async () => {
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), () =>
      permitted([headerField('Authorization', 'Bearer real')]),
    );
    const answer = await lab.talk(proxy.port, get('/', 'authorization: Bearer fake', 'Connection: close'));
    expect(bodyOf(answer)['headers']).toMatchObject({ authorization: 'Bearer real' });
    expect(answer).not.toContain('fake');
  });

  test('that reads the body decides with it, and exactly those bytes go on', async () => {
    const bodies: (string | undefined)[] = [];
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), (head, body) => {
      bodies.push(body?.toString());
      return reads(head, body);
    });
    const chunked =
      'POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
    const seen = bodyOf(await lab.talk(proxy.port, chunked));
    expect(seen['body']).toBe('hello');
    expect(seen['headers']).toMatchObject({ 'content-length': '5' });
    expect(seen['headers']).not.toHaveProperty('transfer-encoding');
    expect(bodies).toEqual([undefined, 'hello']);
  });

  test('that reads the body lets a client that waits for 100-continue send it', async () => {
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), reads);
    const answer = await lab.talk(proxy.port, post('hello', 'Expect: 100-continue', 'Connection: close'));
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
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), reads);
    expect(await lab.talk(proxy.port, bytes)).toMatch(/^HTTP\/1\.1 413 /);
    expect(proxy.dials()).toBe(0);
    expect(proxy.records).toMatchObject([{ outcome: 'Refused', status: 413, reason: 'BodyTooLarge', method: 'POST' }]);
  });

  test('that read a body and refuses the request keeps the connection', async () => {
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), (head, body) =>
      head.method === 'POST' && body !== undefined
        ? { verdict: 'Refuse', status: 403, body: { error: 'No', detail: 'no', host: 'good.example', port: 80 } }
        : reads(head, body),
    );
    const answer = await lab.talk(proxy.port, post('hello') + get('/next', 'Connection: close'));
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*HTTP\/1\.1 200 OK/);
  });

  test('that is taken back breaks off the request in flight on both sides', async () => {
    const upstreamClosed = Promise.withResolvers<void>();
    const port = await lab.listen(
      createServer((request, response) => {
        request.socket.once('close', () => upstreamClosed.resolve());
        response.writeHead(200, { 'content-length': '100' }).write('begin');
      }),
    );
    const proxy = await lab.startProxy(port);
    const socket = connect(proxy.port, '127.0.0.1');
    lab.onClose(() => socket.destroy());
    socket.on('error', () => undefined).write(get('/'));
    await once(socket, 'data');
    expect(proxy.watching.size).toBe(1);
    for (const close of proxy.watching) close();
    await Promise.all([upstreamClosed.promise, once(socket, 'close')]);
    expect(proxy.watching.size).toBe(0);
  });
});
