// Frames that no client library sends, by hand: what is malformed is refused by name, what floods ends its connection.
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeFields, flag, frameType, RawHttp2 } from './testing/raw-http2.ts';
import { type StartedHttp2, startHttp2 } from './testing/start-http2.ts';

const good: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'api.test'],
  [':path', '/'],
];
// Its own memory is not what is tested.
const upstream = createServer({ maxSessionMemory: 1000 });
let reached = 0;
let proxy: StartedHttp2;

beforeEach(async () => {
  reached = 0;
  onUpstream(stream => {
    reached++;
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 }, { endStream: true });
  });
  if (!upstream.listening) await once(upstream.listen(0, '127.0.0.1'), 'listening');
  const { port } = upstream.address() as AddressInfo;
  proxy = await startHttp2({ upstream: () => ({ port, alpn: 'h2' }) });
});
afterEach(() => proxy.close());

function onUpstream(answer: (stream: ServerHttp2Stream) => void): void {
  upstream.removeAllListeners('stream');
  upstream.on('stream', stream => answer(stream as ServerHttp2Stream));
}

const but = (name: string, value: string) => good.map(([key, old]) => [key, key === name ? value : old] as const);
const without = (name: string) => good.filter(([key]) => key !== name);
const ok = (): Promise<RawHttp2> => RawHttp2.connect(proxy.port);

/** The fate of one head: a record's name, or the code of a reset or of the connection's end. */
async function fateOf(
  fields: readonly (readonly [string, string])[],
  endStream = true,
  data?: string,
): Promise<string> {
  const raw = await ok();
  raw.headers(1, fields, endStream);
  if (data !== undefined) raw.send(frameType.DATA, flag.END_STREAM, 1, Buffer.from(data));
  const frame = await raw.frame(
    ({ type, stream }) => (stream === 1 && type !== frameType.WINDOW_UPDATE) || type === frameType.GOAWAY,
  );
  raw.socket.destroy();
  if (frame?.type === frameType.RST_STREAM) return `RST ${frame.payload.readUInt32BE(0)}`;
  if (frame?.type === frameType.GOAWAY) return `GOAWAY ${frame.payload.readUInt32BE(4)}`;
  await proxy.recorded(1);
  const { outcome, status, reason = '' } = proxy.records[0]?.record ?? { outcome: '', status: 0 };
  return `${outcome} ${status} ${reason}`.trim();
}

test('H22 the control: a plain head is forwarded', async () => {
  expect(await fateOf(good)).toBe('Forwarded 200');
  expect(reached).toBe(1);
});

const malformed: Record<string, readonly (readonly [string, string])[]> = {
  'H22 two :authority': [...good, [':authority', 'api.test']],
  'H22 two different :authority': [...good, [':authority', 'evil.test']],
  'H22 a Host that is not :authority': [...good, ['host', 'evil.test']],
  'H22 two Hosts, the second of another name': [...good, ['host', 'api.test'], ['host', 'evil.test']],
  'H22 a pseudo field after a regular one': [...without(':path'), ['x', 'y'], [':path', '/']],
  'H22 an unknown pseudo field': [...good, [':evil', 'x']],
  'H22 an upper case name': [...good, ['X-Upper', 'y']],
  'H22 connection': [...good, ['connection', 'x']],
  'H22 te: gzip': [...good, ['te', 'gzip']],
  'H22 transfer-encoding': [...good, ['transfer-encoding', 'chunked']],
  'H22 upgrade': [...good, ['upgrade', 'websocket']],
  'H22 an absolute :path': but(':path', 'https://evil.test/'),
  'H22 an empty :path': but(':path', ''),
  'H22 a :path of *': but(':path', '*'),
  'H22 a :path with a blank': but(':path', '/ HTTP/1.1'),
  'H22 a :path with CRLF': but(':path', '/\r\nx: y'),
  'H22 a :path with a fragment': but(':path', '/a#b'),
  'H22 no :path': without(':path'),
  'H22 no :authority': without(':authority'),
  'H22 no :authority but a Host': [...without(':authority'), ['host', 'api.test']],
  'H22 userinfo in :authority': but(':authority', 'x@api.test'),
  'H22 a :scheme of http': but(':scheme', 'http'),
  'H22 a method in lower case': but(':method', 'get'),
  'H22 a method with a blank': but(':method', 'GET /x'),
  'H23 another :authority': but(':authority', 'evil.test'),
  'H23 another port': but(':authority', 'api.test:8443'),
  'H24 CONNECT': [
    [':method', 'CONNECT'],
    [':authority', 'api.test:443'],
  ],
  'H24 extended CONNECT for a WebSocket': [...but(':method', 'CONNECT'), [':protocol', 'websocket']],
  'H24 extended CONNECT for MASQUE': [...but(':method', 'CONNECT'), [':protocol', 'connect-udp']],
  'H22 a content-length without a body': [...good, ['content-length', '5']],
  'H22 a content-length with a sign': [...good, ['content-length', '+0']],
  'H22 two content-lengths': [...good, ['content-length', '0'], ['content-length', '1']],
  'H45 120 fields': [...good, ...Array.from({ length: 120 }, (_, at) => [`x-${at}`, 'y'] as const)],
};

test.each([
  ['an empty name', '', 'y'],
  ['a name with a colon', 'a:b', 'y'],
  ['a name with a CRLF', 'a\r\nb', 'y'],
  ['a name with a blank', 'a b', 'y'],
  ['CRLF in a value', 'x', 'a\r\nHost: evil.test'],
  ['NUL in a value', 'x', 'a\0b'],
  ['a value that begins with a blank', 'x', ' a'],
])('H22 %s: nghttp2 drops the field before policy or upstream can see it', async (_name, name, value) => {
  const seen: string[][] = [];
  upstream.on('stream', (_stream, _headers, _flags, raw) => seen.push(raw));
  expect(await fateOf([...good, ['x-before', '1'], [name, value], ['x-after', '1']])).toBe('Forwarded 200');
  expect(seen).toEqual([[...good, ['x-before', '1'], ['x-after', '1']].flat()]);
});

describe('a malformed head never reaches policy or upstream', () => {
  test.each(Object.entries(malformed))('%s', async (_name, fields) => {
    expect(await fateOf(fields)).toMatch(/^(RST 1|GOAWAY 1|BadRequest 4\d\d \w+)$/);
    expect(proxy.asked).toEqual([]);
    expect(reached).toBe(0);
  });

  test('H23 the stream of another host is 421, and the next one of the right host is served', async () => {
    const raw = await ok();
    raw.headers(1, but(':authority', 'evil.test'));
    await proxy.recorded(1);
    raw.headers(3, good);
    await proxy.recorded(2);
    expect(proxy.records.map(({ record }) => record)).toMatchObject([
      { outcome: 'BadRequest', status: 421, reason: 'AuthorityMismatch' },
      { outcome: 'Forwarded', status: 200 },
    ]);
    raw.socket.destroy();
  });

  test.each(['too little', 'longer than it said'])('H22 content-length ≠ DATA: %s', async data => {
    onUpstream(stream => {
      stream.on('error', () => undefined).resume();
      stream.on('end', () => {
        if (!stream.aborted) reached++;
      });
    });
    const fields = [...but(':method', 'POST'), ['content-length', '12'] as const];
    expect(await fateOf(fields, false, data)).toMatch(/^(RST|GOAWAY) [12]$/);
    expect(reached).toBe(0);
  });
});

/** How the connection ended, and by how much the process has grown. */
async function flood(
  raw: RawHttp2,
  burst: (at: number) => void,
): Promise<{ readonly code: number | undefined; readonly grownMiB: number }> {
  const before = process.memoryUsage().rss;
  for (let at = 0; !raw.isClosed && at < 4000; at++) {
    burst(at);
    // The kernel's buffer is what the flood goes through; its receiver has a turn, too.
    await new Promise(resolve => setImmediate(resolve));
  }
  if (!raw.isClosed) await Promise.race([raw.closed(), new Promise(resolve => setTimeout(resolve, 3000))]);
  const goaway = raw.frames.find(({ type }) => type === frameType.GOAWAY);
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
  return { code: raw.isClosed ? (goaway?.payload.readUInt32BE(4) ?? -1) : undefined, grownMiB };
}

const headBlock = encodeFields(good);
const floods: Record<string, (raw: RawHttp2, at: number) => void> = {
  'rapid reset (CVE-2023-44487)': (raw, at) => {
    raw.send(frameType.HEADERS, flag.END_HEADERS | flag.END_STREAM, 2 * at + 1, headBlock);
    raw.send(frameType.RST_STREAM, 0, 2 * at + 1, Buffer.from([0, 0, 0, 8]));
  },
  'malformed heads': (raw, at) => {
    raw.headers(2 * at + 1, but(':authority', 'evil.test'));
  },
  PING: raw => {
    raw.send(frameType.PING, 0, 0, Buffer.alloc(8));
  },
  SETTINGS: raw => {
    raw.send(frameType.SETTINGS, 0, 0);
  },
  CONTINUATION: (raw, at) => {
    if (at === 0) raw.send(frameType.HEADERS, 0, 1, headBlock);
    else raw.send(frameType.CONTINUATION, 0, 1, encodeFields([['x', 'y'.repeat(8000)]]));
  },
  'empty CONTINUATION': (raw, at) => {
    if (at === 0) raw.send(frameType.HEADERS, 0, 1, headBlock);
    else raw.send(frameType.CONTINUATION, 0, 1);
  },
  'empty DATA': (raw, at) => {
    if (at === 0) raw.headers(1, but(':method', 'POST'), false);
    else raw.send(frameType.DATA, 0, 1);
  },
  'window updates past their end': raw => {
    raw.send(frameType.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]));
  },
};

describe('a flood ends its connection by name, and costs little', () => {
  test.each(Object.entries(floods))('%s', async (_name, send) => {
    const raw = await ok();
    const { code, grownMiB } = await flood(raw, at => send(raw, at));
    raw.socket.destroy();
    expect(code).toBeGreaterThan(0);
    expect(grownMiB).toBeLessThan(32);
    expect(await fateAfter()).toBe(200);
  });

  test('an HPACK bomb: a table entry of 4 KiB named a hundred thousand times in one head', async () => {
    const raw = await ok();
    const before = process.memoryUsage().rss;
    const entry = Buffer.concat([
      Buffer.from([0x40, 1]),
      Buffer.from('x'),
      Buffer.from([0x7f, 0x81, 0x1e]),
      Buffer.alloc(4000, 'y'),
    ]);
    raw.send(frameType.HEADERS, flag.END_STREAM, 1, Buffer.concat([headBlock, entry]));
    for (let at = 0; at < 7; at++)
      raw.send(frameType.CONTINUATION, at === 6 ? flag.END_HEADERS : 0, 1, Buffer.alloc(16_000, 0xbe));
    const frame = await raw.frame(
      ({ type, stream }) => (stream === 1 && type === frameType.RST_STREAM) || type === frameType.GOAWAY,
    );
    expect(frame?.payload.readUInt32BE(frame.type === frameType.GOAWAY ? 4 : 0)).toBeGreaterThan(0);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(32);
    expect(reached).toBe(0);
    raw.socket.destroy();
  });

  test('a client that opens no window holds a hundred answers back, in bounded memory', async () => {
    onUpstream(stream => {
      reached++;
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(2 ** 20));
    });
    const before = process.memoryUsage().rss;
    // SETTINGS_INITIAL_WINDOW_SIZE 0.
    const raw = await RawHttp2.connect(proxy.port, Buffer.from([0, 4, 0, 0, 0, 0]));
    for (let at = 0; at < 100; at++) raw.headers(2 * at + 1, good);
    await expect.poll(() => reached, { timeout: 5000 }).toBe(100);
    let last = -1;
    await expect
      .poll(
        () => {
          const now = Math.round(process.memoryUsage().rss / 2 ** 22);
          const same = now === last;
          last = now;
          return same;
        },
        { interval: 200, timeout: 8000 },
      )
      .toBe(true);
    // The upstream of this test lives in the same process, with its hundred mebibytes.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(100 + 64);
    expect(raw.frames.some(({ type }) => type === frameType.DATA)).toBe(false);
    raw.socket.destroy();
    await proxy.recorded(100);
  });

  test('T20 a client that chose h2 and then speaks HTTP/1.1 is cut off', async () => {
    const socket = connectTcp({ port: proxy.port, host: '127.0.0.1' });
    socket.on('error', () => undefined).resume();
    socket.write('GET / HTTP/1.1\r\nHost: api.test\r\n\r\n');
    await once(socket, 'close');
    expect(proxy.asked).toEqual([]);
  });
});

/** The same process still serves others. */
async function fateAfter(): Promise<number> {
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  const stream = session.request({ ':scheme': 'https', ':authority': 'api.test', ':path': '/after' });
  const [headers] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
  session.destroy();
  return headers[':status'] ?? 0;
}
