// Upstreams that flood, refuse, push or say too much: the client gets 502 or a reset, and the process does not grow.
import { afterEach, expect, test } from 'vitest';
import {
  data,
  type HostileUpstream,
  type Misbehave,
  ok,
  startHostileUpstream,
  uint32,
} from './testing/hostile-upstream.ts';
import { encodeFields, flag, frameType } from './testing/raw-http2.ts';

let upstream: HostileUpstream | undefined;
afterEach(() => upstream?.close());

const setting = (id: number, value: number) => Buffer.concat([Buffer.from([0, id]), uint32(value)]);
const noSettings = Buffer.alloc(0);
const many =
  (times: number, act: Misbehave): Misbehave =>
  (raw, stream) => {
    for (let at = 0; at < times; at++) act(raw, stream);
  };
const promise = Buffer.concat([
  uint32(2),
  encodeFields([
    [':method', 'GET'],
    [':path', '/pushed'],
  ]),
]);
const bigField = encodeFields([['x', 'y'.repeat(8000)]]);
const answered = '200';
const cases: Record<string, readonly [Misbehave, RegExp | string, settings?: Buffer<ArrayBuffer>]> = {
  'PUSH_PROMISE before our SETTINGS are acknowledged: refused, the answer passes': [
    (raw, stream) => {
      raw.send(frameType.PUSH_PROMISE, flag.END_HEADERS, stream, promise);
      raw.headers(stream, ok);
    },
    answered,
  ],
  'PUSH_PROMISE against our SETTINGS': [
    (raw, stream) => {
      raw.send(frameType.SETTINGS, flag.ACK, 0);
      raw.send(frameType.PUSH_PROMISE, flag.END_HEADERS, stream, promise);
    },
    '502 Truncated',
  ],
  'a head of 80 KiB': [
    (raw, stream) => {
      raw.send(frameType.HEADERS, flag.END_STREAM, stream, encodeFields(ok));
      for (let at = 0; at < 10; at++)
        raw.send(frameType.CONTINUATION, at === 9 ? flag.END_HEADERS : 0, stream, bigField);
    },
    '502 Truncated',
  ],
  'a head that never ends': [
    (raw, stream) => {
      raw.send(frameType.HEADERS, 0, stream, encodeFields(ok));
      many(4000, () => raw.send(frameType.CONTINUATION, 0, stream, bigField))(raw, stream);
    },
    '502 Truncated',
  ],
  'empty CONTINUATION frames': [
    (raw, stream) => {
      raw.send(frameType.HEADERS, 0, stream, encodeFields(ok));
      many(4000, () => raw.send(frameType.CONTINUATION, 0, stream))(raw, stream);
    },
    '502 Truncated',
  ],
  'PING frames': [many(20_000, raw => raw.send(frameType.PING, 0, 0, Buffer.alloc(8))), /^502 (Truncated|Timeout)$/],
  'SETTINGS frames': [many(20_000, raw => raw.send(frameType.SETTINGS, 0, 0)), /^50[24] (Truncated|Timeout)$/],
  'a storm of RST_STREAM': [
    many(1000, (raw, stream) => raw.send(frameType.RST_STREAM, 0, stream, uint32(8))),
    '502 Truncated',
  ],
  'REFUSED_STREAM: asked again, once': [
    (raw, stream) => raw.send(frameType.RST_STREAM, 0, stream, uint32(7)),
    answered,
  ],
  'DATA before any head': [(raw, stream) => data(raw, stream, 'x'), '502 Truncated'],
  'an answer of HTTP/1.1': [raw => raw.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), '502 Truncated'],
  'a TCP end at once': [raw => raw.socket.end(), '502 Truncated'],
  silence: [() => undefined, '504 Timeout'],
  'a window that is none': [(raw, stream) => raw.headers(stream, ok), '502 Truncated', setting(4, 0x80000000)],
  'a head list of 10 bytes at most': [(raw, stream) => raw.headers(stream, ok), answered, setting(6, 10)],
  'SETTINGS of 5 bytes': [(raw, stream) => raw.headers(stream, ok), '502 Truncated', Buffer.alloc(5)],
};

test.each(Object.entries(cases))('%s', async (_name, [misbehave, expected, settings = noSettings]) => {
  const before = process.memoryUsage().rss;
  upstream = await startHostileUpstream(settings);
  const { fate } = await upstream.fateOf(misbehave);
  expect(fate).toMatch(expected);
  expect(upstream.proxy.dials()).toBeLessThanOrEqual(2);
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(64);
});

test('an upstream that lets no stream begin is 504, and the request after that gets a connection of its own', async () => {
  upstream = await startHostileUpstream(setting(3, 0));
  // The first is on its way before the settings come.
  expect((await upstream.fateOf((raw, stream) => raw.headers(stream, ok), 504)).fate).toBe('200');
  expect(await upstream.get('/next')).toMatchObject({ status: 200, code: 0 });
  expect(upstream.proxy.dials()).toBe(2);
});
