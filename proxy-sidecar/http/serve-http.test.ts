// What an agent sends over one connection of HTTP/1.1: carried as policy saw it, or not at all.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { bodyOf, echo, get, HttpLab } from './testing/http-lab.ts';
import { permitted } from './testing/start-http.ts';

const lab = new HttpLab();
afterEach(lab.close);

describe('a permitted request', () => {
  test('H19, H34, H38 reaches upstream re-serialised, without spoofed and hop-by-hop fields', async () => {
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)));
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
    const answer = await lab.talk(proxy.port, get('/a%2fb?c=d', ...fields));
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
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)));
    const byLength = 'POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
    const chunked =
      'POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: u\r\n\r\n';
    expect(bodyOf(await lab.talk(proxy.port, byLength))['body']).toBe('hello');
    expect(bodyOf(await lab.talk(proxy.port, chunked))['body']).toBe('hello');
  });

  test('H16, H18 shares the upstream connection with the next one, and each is decided alone', async () => {
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), facts =>
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
    const answer = await lab.talk(proxy.port, pipelined);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200']);
    expect(answer).toContain('X-Creel-Decision: NotListed; approval=apr-1');
    expect(proxy.facts.map(({ target }) => target)).toEqual(['/ok', '/ok2', '/bad?q', '/ok3']);
    expect(proxy.dials()).toBe(1);
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
    const proxy = await lab.startProxy(await lab.listen(server));
    const socket = connect(proxy.port, '127.0.0.1');
    lab.onClose(() => socket.destroy());
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
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)));
    expect(await lab.talk(proxy.port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(proxy.dials()).toBe(0);
    expect(proxy.facts).toEqual([]);
  });

  test('R01 for a head that never ends, after its deadline', async () => {
    const proxy = await lab.startProxy(await lab.listen(createServer(echo)), undefined, { headMs: 50 });
    const socket = connect(proxy.port, '127.0.0.1');
    lab.onClose(() => socket.destroy());
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
  const proxy = await lab.startProxy(await lab.listen(server), undefined, { idleMs: 100 });
  const socket = connect(proxy.port, '127.0.0.1');
  lab.onClose(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  socket.write('POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 100\r\n\r\nhalf');
  await once(socket, 'close');
  await expect.poll(() => upstream).toEqual({ aborted: 1, whole: 0 });
});
