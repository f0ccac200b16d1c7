// What upstream answers, late, wrong, too much or never, and what the agent gets of it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { get, HttpLab } from './testing/http-lab.ts';

const lab = new HttpLab();
afterEach(lab.close);

test('H37 a redirect is an answer like any: passed on, never followed; where to find HTTP/3 is not said', async () => {
  const proxy = await lab.startProxy(
    await lab.listen(
      createServer((_request, response) => {
        response
          .writeHead(307, { Location: 'http://169.254.169.254/', Refresh: '0; url=/', 'Alt-Svc': 'h3=":443"' })
          .end();
      }),
    ),
  );
  const answer = await lab.talk(proxy.port, 'GET / HTTP/1.1\r\nHost: good.example\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 307 /);
  expect(answer).toContain('http://169.254.169.254/');
  expect(answer).not.toMatch(/alt-svc/i);
  expect(proxy.dials()).toBe(1);
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
    const proxy = await lab.startProxy(await lab.listen(upstream));
    expect(await lab.talk(proxy.port, get('/'))).toMatch(
      new RegExp(`^(HTTP/1\\.1 103 \\r\\n\\r\\n|HTTP/1\\.1 103 Early Hints\\r\\n\\r\\n)*HTTP/1\\.1 ${status} `),
    );
    expect(proxy.records).toMatchObject([{ outcome: 'BadUpstream' }]);
  });

  test('that breaks off inside the body breaks the client connection, never completing it', async () => {
    const upstream = createTcpServer(socket =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')),
    );
    const proxy = await lab.startProxy(await lab.listen(upstream));
    const answer = await lab.talk(proxy.port, get('/'));
    expect(answer).not.toContain('0\r\n\r\n');
    expect(proxy.records).toMatchObject([{ outcome: 'BadUpstream', reason: 'Truncated' }]);
  });

  test('that answers before the upload ends is passed on', async () => {
    const upstream = createTcpServer(socket =>
      socket
        .once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'))
        .on('error', () => undefined),
    );
    const proxy = await lab.startProxy(await lab.listen(upstream));
    const socket = connect(proxy.port, '127.0.0.1');
    lab.onClose(() => socket.destroy());
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
  const proxy = await lab.startProxy(await lab.listen(upstream));
  const socket = connect(proxy.port, '127.0.0.1');
  lab.onClose(() => socket.destroy());
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
  const upstream = createServer((_request, response) => response.write('first'));
  const proxy = await lab.startProxy(await lab.listen(upstream));
  const socket = connect(proxy.port, '127.0.0.1');
  lab.onClose(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(get('/'));
  await once(socket, 'data');
  proxy.end();
  await once(socket, 'close');
});
