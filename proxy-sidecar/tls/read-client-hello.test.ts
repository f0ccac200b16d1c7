import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect } from 'node:tls';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readClientHello } from './read-client-hello.ts';

/** The first bytes that node's own TLS client sends. */
async function realHello(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

const record = (body: Buffer) => Buffer.concat([Buffer.from([22, 3, 1, body.length >> 8, body.length & 255]), body]);
const vector = (size: number, body: Buffer) => {
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
};
const extension = (type: number, body: Buffer) =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)]);
const serverName = (name: string | Buffer, type = 0) =>
  Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name))]);
const sni = (...names: readonly Buffer[]) => extension(0, vector(2, Buffer.concat(names)));

function helloMessage(...extensions: readonly Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 9)),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    vector(2, Buffer.concat([...extensions])),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}
const hello = (...extensions: readonly Buffer[]) => record(helloMessage(...extensions));

test('the hello of a real client names its server, and every shorter piece of it asks for more', async () => {
  const bytes = await realHello('api.example.com');
  expect(readClientHello(bytes)).toEqual({ kind: 'tls', serverName: 'api.example.com' });
  for (let length = 0; length < bytes.length; length++)
    expect(readClientHello(bytes.subarray(0, length))).toEqual({ kind: 'needMore' });
});

test('T06 a hello cut into records of one byte each is put together', () => {
  const message = helloMessage(sni(serverName('api.example.com')));
  const bytes = Buffer.concat([...message].map(byte => record(Buffer.from([byte]))));
  expect(readClientHello(bytes)).toEqual({ kind: 'tls', serverName: 'api.example.com' });
});

test('T06 a hello of 18 kB over two records is read', () => {
  const message = helloMessage(extension(0x33, Buffer.alloc(18_000)), sni(serverName('a.example.com')));
  const bytes = Buffer.concat([record(message.subarray(0, 16_000)), record(message.subarray(16_000))]);
  expect(readClientHello(bytes)).toEqual({ kind: 'tls', serverName: 'a.example.com' });
});

describe('what is no plain ClientHello with one name is told apart', () => {
  const cases: readonly (readonly [string, Buffer, ReturnType<typeof readClientHello>])[] = [
    ['T08 an SSH banner', Buffer.from('SSH-2.0-OpenSSH\r\n'), { kind: 'notTls' }],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n'), { kind: 'notTls' }],
    ['T10 an SSLv2 hello', Buffer.from([0x80, 0x2e, 1, 0, 2]), { kind: 'notTls' }],
    ['a hello without the extension', hello(), { kind: 'tls', serverName: undefined }],
    [
      'T07 an encrypted hello beside the outer name',
      hello(extension(0xfe0d, Buffer.alloc(64)), sni(serverName('outer.example.com'))),
      { kind: 'tls', serverName: 'outer.example.com' },
    ],
    [
      'T05 two names',
      hello(sni(serverName('a.example.com'), serverName('b.example.com'))),
      { kind: 'malformed', problem: 'SeveralNames' },
    ],
    [
      'T05 the extension twice',
      hello(sni(serverName('a.example.com')), sni(serverName('b.example.com'))),
      { kind: 'malformed', problem: 'BadExtension' },
    ],
    ['T05 an empty list', hello(sni()), { kind: 'malformed', problem: 'BadExtension' }],
    ['an empty name', hello(sni(serverName(''))), { kind: 'malformed', problem: 'BadExtension' }],
    [
      'a name of another type',
      hello(sni(serverName('a.example.com', 1))),
      { kind: 'malformed', problem: 'BadExtension' },
    ],
    ['an alert first', Buffer.from([21, 3, 1, 0, 2, 1, 0]), { kind: 'notTls' }],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0]), { kind: 'malformed', problem: 'BadRecord' }],
    ['another handshake message', record(Buffer.from([2, 0, 0, 1, 0])), { kind: 'malformed', problem: 'BadHandshake' }],
    [
      'a hello too long to be honest',
      record(Buffer.from([1, 0xff, 0xff, 0xff, 0])),
      { kind: 'malformed', problem: 'TooLarge' },
    ],
    [
      'a hello that drips on for ever',
      Buffer.concat([1, 0, 0x75, 0x30, ...Buffer.alloc(6000)].map(byte => record(Buffer.from([byte])))),
      { kind: 'malformed', problem: 'TooLarge' },
    ],
  ];
  test.each(cases)('%s', (_what, bytes, expected) => {
    expect(readClientHello(bytes)).toEqual(expected);
  });
});

test('no bytes make it throw, and only a whole hello has a name', () => {
  const valid = hello(sni(serverName('a.example.com')));
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(valid.length))
    .map(([at, byte, length]) => {
      const copy = Buffer.from(valid);
      copy[at] = byte;
      return copy.subarray(0, length);
    });
  const anything = fc.uint8Array({ maxLength: 600 }).map(bytes => Buffer.from(bytes));
  const tlsLike = anything.map(bytes => Buffer.concat([Buffer.from([22, 3, 1]), bytes]));
  fc.assert(
    fc.property(fc.oneof(mutated, anything, tlsLike), bytes => {
      expect(['tls', 'notTls', 'needMore', 'malformed']).toContain(readClientHello(bytes).kind);
    }),
    { numRuns: 3000 },
  );
});
