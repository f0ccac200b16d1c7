// Upstreams that break HTTP/2, by hand: the client gets 502 or a reset, by name in the record, and the next request is served.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  data,
  type Fields,
  type HostileUpstream,
  type Misbehave,
  ok,
  startHostileUpstream,
  uint32,
} from './testing/hostile-upstream.ts';
import { frameType } from './testing/raw-http2.ts';

let upstream: HostileUpstream;
beforeEach(async () => {
  upstream = await startHostileUpstream();
});
afterEach(() => upstream.close());

const fateOf = (misbehave: Misbehave) => upstream.fateOf(misbehave);

const answer =
  (fields: Fields, endStream = true): Misbehave =>
  (raw, stream) =>
    raw.headers(stream, fields, endStream);
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
    expect(upstream.proxy.dials()).toBe(2);
  });
});
