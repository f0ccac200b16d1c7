// Servers that read no body of a GET (Python's http.server is one) take it for the next request of the connection.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { host as h2Host, startHttp2 } from '../http2/testing/start-http2.ts';
import { listening } from '../testing/listening.ts';
import { startHttp } from './testing/start-http.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Reads heads alone; ends the connection when a client says that it is done. */
async function startCareless(served: string[]): Promise<number> {
  const server = createServer(socket => {
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', data => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0 && socket.writable; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        served.push(head.split(' ', 2).join(' '));
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        if (/^connection: *close/im.test(head)) socket.end();
      }
    });
  });
  cleanups.push(() => server.close());
  return await listening(server);
}

const smuggled = 'DELETE /all HTTP/1.1\r\nHost: good.example\r\n\r\n';

async function overHttp1(upstreamPort: number, method: string): Promise<void> {
  const proxy = await startHttp({ upstreamPort });
  cleanups.push(proxy.close);
  const agent = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  cleanups.push(() => agent.destroy());
  agent.write(`${method} /x HTTP/1.1\r\nHost: good.example\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
  await once(agent, 'data');
  agent.write('GET /next HTTP/1.1\r\nHost: good.example\r\nConnection: close\r\n\r\n');
  await once(agent.resume(), 'close');
}

async function overHttp2(upstreamPort: number, method: string): Promise<void> {
  const proxy = await startHttp2({ upstream: () => ({ port: upstreamPort, alpn: 'http/1.1' }) });
  cleanups.push(() => proxy.close());
  const session = connectHttp2(`http://127.0.0.1:${proxy.port}`).on('error', () => undefined);
  cleanups.push(() => session.destroy());
  const ask = async (path: string, asked: string, body?: string) => {
    const pseudo = [':method', asked, ':scheme', 'https', ':authority', h2Host, ':path', path];
    const stream = session.request(pseudo, { endStream: body === undefined }).on('error', () => undefined);
    if (body !== undefined) stream.end(body);
    await once(stream.resume(), 'close');
  };
  await ask('/x', method, smuggled);
  await ask('/next', 'GET');
}

test.each([
  ['HTTP/1.1', 'GET', overHttp1],
  ['HTTP/1.1', 'HEAD', overHttp1],
  ['HTTP/1.1', 'OPTIONS', overHttp1],
  ['HTTP/2', 'GET', overHttp2],
])('By %s, the body of a %s is not taken for a request', async (_version, method, ask) => {
  const served: string[] = [];
  await ask(await startCareless(served), method);
  expect(served).toEqual([`${method} /x`, 'GET /next']);
});
