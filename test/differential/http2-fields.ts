// What agents send as one request over HTTP/2: field lists sound and spoilt, with a body or without.
import * as fc from 'fast-check';

type Field = readonly [name: string, value: string];

export interface Http2Message {
  readonly fields: readonly Field[];
  /** Undefined: the head ends the stream. */
  readonly body: Buffer | undefined;
}

const odds = ['a', 'Z', '/', ':', '?', '#', '%', '.', ' ', '\t', '\r', '\n', '\0', ',', ';', '=', '\x80'];
const odd = fc.string({ unit: fc.constantFrom(...odds), maxLength: 8 });
const mostly = <T>(sound: fc.Arbitrary<T>, ...others: fc.Arbitrary<T>[]) =>
  fc.oneof({ weight: 12, arbitrary: sound }, ...others);
const method = mostly(fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE'), fc.constantFrom('get', 'CONNECT', ''), odd);
const path = mostly(
  fc.webPath().map(text => text || '/'),
  odd.map(text => `/${text}`),
  fc.constantFrom('*', '', '//evil.test/', 'https://evil.test/'),
);
const authority = mostly(
  fc.constantFrom('api.test', 'API.test', 'api.test:443', 'api.test.'),
  fc.constantFrom('evil.test', 'x@api.test', 'api.test:80'),
  odd,
);
const field = mostly<Field>(
  fc.constantFrom<Field>(
    ['content-type', 'application/json'],
    ['content-encoding', 'gzip'],
    ['cookie', 'a=b'],
    ['cookie', 'c=d; e=f'],
    ['accept', '*/*'],
    ['x-a', 'one'],
    ['x-a', 'two'],
    ['x-obs', '\x80\xff'],
    ['te', 'trailers'],
    ['host', 'api.test'],
    ['content-length', '0'],
    ['content-length', '4'],
  ),
  fc.tuple(
    fc.oneof(fc.constantFrom('transfer-encoding', 'connection', 'upgrade', ':path', ':method', 'X-Up', 'expect'), odd),
    fc.oneof(fc.constantFrom('chunked', 'close', 'evil.test', '100-continue'), odd),
  ),
);

export const http2Messages: fc.Arbitrary<Http2Message> = fc
  .tuple(method, path, authority, fc.array(field, { maxLength: 6 }), fc.option(fc.constantFrom('', 'abcd')))
  .map(([m, p, a, more, body]) => ({
    fields: [[':method', m], [':scheme', 'https'], [':authority', a], [':path', p], ...more],
    body: body === null ? undefined : Buffer.from(body),
  }));
