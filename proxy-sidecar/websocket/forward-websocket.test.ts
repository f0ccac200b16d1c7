import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { headerField } from '../http/header-fields.ts';
import { permitted, startHttp } from '../http/testing/start-http.ts';
import { listening } from '../testing/listening.ts';
import { acceptValue } from './accept-upgrade.ts';

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** serveHttp in front of an upstream, with a gate that permits everything. */
async function startSidecar(upstreamPort: number, text?: readonly string[]) {
  const decide = () => permitted([headerField('Authorization', 'Bearer real')], text);
  const { port, records, watching, end, close } = await startHttp({ upstreamPort, decide });
  cleanups.push(close);
  return { port, records, closeAll: () => watching.forEach(one => one()), abort: end };
}

const options = { headers: { Host: 'good.example', Authorization: 'Bearer placeholder', 'X-Kept': 'yes' } };

/** A real server and client with the sidecar between. */
async function open(text?: readonly string[]) {
  const http = createServer();
  cleanups.push(() => http.close());
  const upstream = new WebSocketServer({ server: http, handleProtocols: () => 'chat' });
  const sidecar = await startSidecar(await listening(http), text);
  const client = new WebSocket(`ws://127.0.0.1:${sidecar.port}/live?x=1`, ['other', 'chat'], options);
  cleanups.push(() => client.terminate());
  const [[server, request]] = (await Promise.all([once(upstream, 'connection'), once(client, 'open')])) as [
    [WebSocket, { url: string; headers: Record<string, string> }],
    unknown,
  ];
  return { sidecar, client, server, request };
}

/** An upstream that answers every handshake with these bytes; `KEY` becomes the right accept value. */
async function handshakeWith(answer: string) {
  const upstream = createTcpServer(socket => {
    socket.once('data', data => {
      const key = /sec-websocket-key: (\S+)/i.exec(data.toString('latin1'))?.[1] ?? '';
      socket.end(answer.replace('KEY', acceptValue(key)));
    });
  });
  cleanups.push(() => upstream.close());
  const sidecar = await startSidecar(await listening(upstream));
  const client = new WebSocket(`ws://127.0.0.1:${sidecar.port}/`, options);
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [
    unknown,
    { statusCode: number } & AsyncIterable<Buffer>,
  ];
  const body: Buffer[] = [];
  for await (const chunk of response) body.push(chunk);
  return { status: response.statusCode, body: Buffer.concat(body).toString(), records: sidecar.records };
}

describe('a WebSocket through the HTTP side', () => {
  test('is opened with what policy saw, and its messages pass', async () => {
    const { client, server, request, sidecar } = await open();
    expect(request.url).toBe('/live?x=1');
    expect(request.headers).toMatchObject({ host: 'good.example', authorization: 'Bearer real', 'x-kept': 'yes' });
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
    expect(client.protocol).toBe('chat');
    server.on('message', data => server.send(data));
    client.send('hello');
    expect(String((await once(client, 'message'))[0])).toBe('hello');
    client.close(1000);
    await once(client, 'close');
    await expect
      .poll(() => sidecar.records)
      .toEqual([{ method: 'GET', outcome: 'Forwarded', status: 101, bytesUp: 5, bytesDown: 5 }]);
  });

  test('H25: is closed by a message that its rule does not list', async () => {
    const { client, sidecar } = await open(['hello']);
    client.send('other');
    expect((await once(client, 'close'))[0]).toBe(1008);
    await expect.poll(() => sidecar.records).toMatchObject([{ status: 101, reason: 'MessageNotAllowed', bytesUp: 0 }]);
  });

  test.each(['closeAll', 'abort'] as const)('is closed with 1012 on both sides when policy changes (%s)', async how => {
    const { client, server, sidecar } = await open();
    const closed = Promise.all([once(client, 'close'), once(server, 'close')]);
    sidecar[how]();
    expect((await closed).map(([code]) => code as number)).toEqual([1012, 1012]);
    await expect.poll(() => sidecar.records).toMatchObject([{ reason: 'PolicyChanged' }]);
  });

  test('an upstream that says no is heard', async () => {
    const { status, body, records } = await handshakeWith('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno');
    expect({ status, body }).toEqual({ status: 401, body: 'no' });
    await expect.poll(() => records).toMatchObject([{ outcome: 'Forwarded', status: 401 }]);
  });

  test.each([
    ['H27: a wrong accept', 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n', 'BadAccept'],
    [
      'an extension nobody offered',
      'Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
      'UnofferedExtension',
    ],
    ['a folded field', 'Sec-WebSocket-Accept: KEY\r\n x\r\n', 'ObsFold'],
  ])('an upstream with %s is a 502', async (_what, fields, reason) => {
    const { status, records } = await handshakeWith(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${fields}\r\n`,
    );
    expect(status).toBe(502);
    await expect.poll(() => records).toMatchObject([{ outcome: 'BadUpstream', status: 502, reason }]);
  });
});
