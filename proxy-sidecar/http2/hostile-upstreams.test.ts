// Upstreams that break HTTP/2, by hand: the client gets 502 or a reset, by name in the record, and the next request is served.
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultHttp2Limits } from './http2-limits.ts';
import { flag, frameType, RawHttp2 } from './testing/raw-http2.ts';
import { host, type StartedHttp2, startHttp2 } from './testing/start-http2.ts';

type Fields = readonly (readonly [string, string])[];
type Misbehave = (raw: RawHttp2, stream: number) => void;

const idleMs = 1500;
const ok: Fields = [[':status', '200']];
let misbehave: Misbehave;
let settings: Buffer<ArrayBuffer>;
let requests: number;
let server: Server;
let proxy: StartedHttp2;
let session: ClientHttp2Session;

beforeEach(async () => {
  settings = Buffer.alloc(0);
  requests = 0;
  server = createServer(socket => {
    const raw = RawHttp2.serve(socket, onFrame);
    raw.send(frameType.SETTINGS, 0, 0, requests === 0 ? settings : undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const limits = { http: { ...defaultHttp2Limits.http, idleMs } };
  proxy = await startHttp2({ upstream: () => ({ port, alpn: 'h2' }), limits });
  session = connect(`http://127.0.0.1:${proxy.port}`);
  session.on('error', () => undefined);
});
afterEach(async () => {
  session.destroy();
  server.close();
  await proxy.close();
});

/** The first request is the one that is treated badly. */
function onFrame(raw: RawHttp2, { type, stream }: { readonly type: number; readonly stream: number }): void {
  if (type !== frameType.HEADERS) return;
  if (++requests === 1) misbehave(raw, stream);
  else raw.headers(stream, ok);
}

interface Seen {
  status: number | undefined;
  fields: Readonly<Record<string, unknown>>;
  trailers: Readonly<Record<string, unknown>> | undefined;
  body: string;
  code: number;
}

async function get(path: string): Promise<Seen> {
  const stream = session.request({ ':scheme': 'https', ':authority': host, ':path': path });
  const seen: Seen = { status: undefined, fields: {}, trailers: undefined, body: '', code: -1 };
  stream.on('error', () => undefined).setEncoding('utf8');
  stream.on('response', fields => Object.assign(seen, { status: fields[':status'], fields }));
  stream.on('trailers', trailers => (seen.trailers = trailers));
  stream.on('data', (text: string) => (seen.body += text));
  await new Promise(resolve => stream.once('close', resolve));
  return { ...seen, code: stream.rstCode ?? -1 };
}

/** `502 Reason` of an answer in upstream's place, `reset Reason` of one that was broken off. */
async function fateOf(behaviour: Misbehave): Promise<{ readonly fate: string; readonly seen: Seen }> {
  misbehave = behaviour;
  const seen = await get('/bad');
  await proxy.recorded(1);
  const { status, reason = '' } = proxy.records[0]?.record ?? { status: 0 };
  expect(proxy.watching.size).toBe(0);
  expect(await get('/after')).toMatchObject({ status: 200, code: 0 });
  if (seen.code !== 0) return { fate: `reset ${reason}`, seen };
  expect(seen.status).toBe(status);
  return { fate: `${status} ${reason}`.trim(), seen };
}

const answer =
  (fields: Fields, endStream = true): Misbehave =>
  (raw, stream) =>
    raw.headers(stream, fields, endStream);
const data = (raw: RawHttp2, stream: number, text: string, flags = flag.END_STREAM) =>
  raw.send(frameType.DATA, flags, stream, Buffer.from(text));
const uint32 = (...numbers: readonly number[]) => {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, at) => bytes.writeUInt32BE(number, 4 * at));
  return bytes;
};
/** A 200 with `half` of a body, and then that. */
const midBody =
  (then: Misbehave): Misbehave =>
  (raw, stream) => {
    raw.headers(stream, ok, false);
    data(raw, stream, 'half', 0);
    then(raw, stream);
  };

test('the control: a plain answer passes', async () => {
  const { fate, seen } = await fateOf((raw, stream) => {
    raw.headers(stream, [...ok, ['x-a', '1']], false);
    data(raw, stream, 'whole', 0);
    raw.headers(stream, [['x-sum', '2']]);
  });
  expect(fate).toBe('200');
  expect(seen).toMatchObject({ fields: { 'x-a': '1' }, body: 'whole', trailers: { 'x-sum': '2' } });
});

describe('a head that is none', () => {
  const heads: Record<string, readonly [Fields, string]> = {
    'a :status with a reason phrase': [[[':status', '200 OK']], '502 Truncated'],
    'a :status of two digits': [[[':status', '99']], '502 Truncated'],
    'an empty :status': [[[':status', '']], '502 Truncated'],
    'a :status with CRLF': [[[':status', '200\r\nx: y']], '502 Truncated'],
    'a :status of 000': [[[':status', '000']], '502 Truncated'],
    'a :status of 600': [[[':status', '600']], '502 BadStatus'],
    'a :status of 101': [[[':status', '101']], '502 Truncated'],
    'no :status': [[['x-a', '1']], '502 Truncated'],
    'two :status': [[...ok, [':status', '204']], '502 Truncated'],
    'a late :status': [[['x-a', '1'], ...ok], '502 Truncated'],
    "a request's pseudo field": [[...ok, [':path', '/']], '502 Truncated'],
    'an unknown pseudo field': [[...ok, [':evil', 'x']], '502 Truncated'],
    'an upper case name': [[...ok, ['X-Upper', 'y']], '502 Truncated'],
    connection: [[...ok, ['connection', 'close']], '502 Truncated'],
    'transfer-encoding': [[...ok, ['transfer-encoding', 'chunked']], '502 Truncated'],
    upgrade: [[...ok, ['upgrade', 'h2c']], '502 Truncated'],
    'two content-lengths': [[...ok, ['content-length', '0'], ['content-length', '0']], '502 Truncated'],
    'a content-length with a sign': [[...ok, ['content-length', '+0']], '502 Truncated'],
    '120 fields': [[...ok, ...Array.from({ length: 120 }, (_, at) => [`x-${at}`, 'y'] as const)], '502 Truncated'],
  };
  test.each(Object.entries(heads))('%s', async (_name, [fields, fate]) => {
    expect((await fateOf(answer(fields))).fate).toBe(fate);
  });

  test.each([
    ['CRLF in a value', 'x', 'a\r\nset-cookie: evil=1'],
    ['a bare CR in a value', 'x', 'a\rb'],
    ['NUL in a value', 'x', 'a\0b'],
    ['an empty name', '', 'y'],
    ['a name with a CRLF', 'a\r\nb', 'y'],
  ])('%s: nghttp2 drops the field, the client never sees it', async (_name, name, value) => {
    const { fate, seen } = await fateOf(answer([...ok, ['x-before', '1'], [name, value], ['x-after', '1']]));
    expect(fate).toBe('200');
    expect(Object.keys(seen.fields)).toEqual([':status', 'x-before', 'x-after']);
  });
});

describe('interim answers', () => {
  test('a flood of them', async () => {
    const { fate } = await fateOf((raw, stream) => {
      for (let at = 0; at < 1000; at++) raw.headers(stream, [[':status', '103']], false);
    });
    expect(fate).toBe('502 TooManyInterim');
  });

  test('one that ends the stream', async () => {
    expect((await fateOf(answer([[':status', '103']]))).fate).toBe('502 Truncated');
  });
});

describe('half an answer is never whole', () => {
  const bodies: Record<string, readonly [Misbehave, string]> = {
    'less than content-length': [
      (raw, stream) => {
        raw.headers(stream, [...ok, ['content-length', '12']], false);
        data(raw, stream, 'half');
      },
      'reset Truncated',
    ],
    'more than content-length': [
      (raw, stream) => {
        raw.headers(stream, [...ok, ['content-length', '2']], false);
        data(raw, stream, 'more');
      },
      'reset Truncated',
    ],
    'RST_STREAM(NO_ERROR)': [
      midBody((raw, stream) => raw.send(frameType.RST_STREAM, 0, stream, uint32(0))),
      'reset Truncated',
    ],
    'RST_STREAM(INTERNAL_ERROR)': [
      midBody((raw, stream) => raw.send(frameType.RST_STREAM, 0, stream, uint32(2))),
      'reset Truncated',
    ],
    'GOAWAY(NO_ERROR) and the end': [
      midBody((raw, stream) => {
        raw.send(frameType.GOAWAY, 0, 0, uint32(stream, 0));
        raw.socket.end();
      }),
      'reset Truncated',
    ],
    'GOAWAY(NO_ERROR) that leaves the stream out': [
      midBody(raw => raw.send(frameType.GOAWAY, 0, 0, uint32(0, 0))),
      'reset Truncated',
    ],
    'GOAWAY(INTERNAL_ERROR)': [
      midBody((raw, stream) => raw.send(frameType.GOAWAY, 0, 0, uint32(stream, 2))),
      'reset Truncated',
    ],
    'a TCP end': [midBody(raw => raw.socket.end()), 'reset Truncated'],
    'a TCP reset': [midBody(raw => raw.socket.resetAndDestroy()), 'reset Truncated'],
    silence: [midBody(() => undefined), 'reset Timeout'],
    'trailers with :status': [midBody((raw, stream) => raw.headers(stream, [[':status', '200']])), 'reset Truncated'],
    'trailers with :path': [midBody((raw, stream) => raw.headers(stream, [[':path', '/']])), 'reset Truncated'],
    'trailers with transfer-encoding': [
      midBody((raw, stream) => raw.headers(stream, [['transfer-encoding', 'chunked']])),
      'reset Truncated',
    ],
    'trailers that do not end the stream': [
      midBody((raw, stream) => raw.headers(stream, [['x', 'y']], false)),
      'reset Truncated',
    ],
    'DATA on stream 0': [midBody(raw => data(raw, 0, 'x')), 'reset Truncated'],
    'HEADERS of a stream that nobody opened': [midBody(raw => raw.headers(99, ok)), 'reset Truncated'],
    'a frame longer than allowed': [
      midBody((raw, stream) => raw.send(frameType.DATA, 0, stream, Buffer.alloc(20_000))),
      'reset Truncated',
    ],
    'a window update past its end': [
      midBody((raw, stream) => {
        raw.send(frameType.WINDOW_UPDATE, 0, stream, uint32(0x7fffffff));
      }),
      'reset Truncated',
    ],
    'a frame of garbage': [midBody(raw => raw.socket.write('HTTP/1.1 200 OK\r\n\r\n')), 'reset Truncated'],
  };
  test.each(Object.entries(bodies))('%s', async (_name, [behaviour, fate]) => {
    expect((await fateOf(behaviour)).fate).toBe(fate);
  });

  test('a graceful GOAWAY lets the stream under way end whole', async () => {
    const { fate, seen } = await fateOf(
      midBody((raw, stream) => {
        raw.send(frameType.GOAWAY, 0, 0, uint32(stream, 0));
        data(raw, stream, '+half');
      }),
    );
    expect([fate, seen.body]).toEqual(['200', 'half+half']);
    expect(proxy.dials()).toBe(2);
  });
});
