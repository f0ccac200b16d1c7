// What agents send over a connection of HTTP/1.1: sound requests, known tricks, and both spoilt somewhere.
import * as fc from 'fast-check';

const host = 'Host: good.example';
const evil = `DELETE /evil HTTP/1.1\r\n${host}\r\n\r\n`;
const request = (line: string, fields: readonly string[], body = '') => [line, host, ...fields, '', body].join('\r\n');
const chunked = 'Transfer-Encoding: chunked';

/** Known ways to make two readers disagree: catalogue H02 to H19, H40, H50. */
export const tricks: readonly string[] = [
  request('POST /a HTTP/1.1', ['Content-Length: 4', chunked], `0\r\n\r\n${evil}`),
  request('POST /a HTTP/1.1', [chunked, `Content-Length: ${evil.length + 5}`], `0\r\n\r\n${evil}`),
  ...[
    ',chunked',
    'chunked, identity',
    'identity, chunked',
    'xchunked',
    '\x0bchunked',
    'chunked\0',
    '\xa0chunked',
    ' chunked',
    'chunked ',
    'chunked\t',
    '"chunked"',
    'chunked;q=1',
    'Chunked',
    'gzip, chunked',
    'chunked, chunked',
  ].map(coding => request('POST /a HTTP/1.1', [`Transfer-Encoding: ${coding}`], `0\r\n\r\n${evil}`)),
  request('POST /a HTTP/1.1', [chunked, 'Transfer-Encoding: identity'], `0\r\n\r\n${evil}`),
  request('POST /a HTTP/1.1', ['Transfer-Encoding : chunked'], `0\r\n\r\n${evil}`),
  request('POST /a HTTP/1.1', ['Transfer-Encoding:', ' chunked'], `0\r\n\r\n${evil}`),
  request('POST /a HTTP/1.1', ['Transfer_Encoding: chunked', 'Content-Length: 4'], 'abcd'),
  ...[
    '4, 4',
    '+4',
    '0x4',
    '04',
    '4 ',
    ' 4',
    '4_0',
    '-4',
    '4\t',
    '',
    '4e0',
    '000000000000000000000004',
    '4.0',
    '4;',
  ].map(length => request('POST /a HTTP/1.1', [`Content-Length: ${length}`], `abcd${evil}`)),
  request('POST /a HTTP/1.1', ['Content-Length: 4', 'Content-Length: 4'], 'abcd'),
  request('POST /a HTTP/1.1', ['Content-Length: 4', 'Content-Length: 5'], 'abcde'),
  request('POST /a HTTP/1.1', ['Content-Length : 4'], 'abcd'),
  ...['4\nabcd\n0\n\n', '4 \r\nabcd\r\n0\r\n\r\n', '0x4\r\nabcd\r\n0\r\n\r\n', '4;x="\r\n"\r\nabcd\r\n0\r\n\r\n'].map(
    body => request('POST /a HTTP/1.1', [chunked], body + evil),
  ),
  ...[
    '4\r\nabcdX\r\n0\r\n\r\n',
    '-1\r\n\r\n',
    '\r\n',
    'fffffffffffffffff\r\na',
    '4;\nabcd\r\n0\r\n\r\n',
    '00000004\r\nabcd\r\n00\r\n\r\n',
  ].map(body => request('POST /a HTTP/1.1', [chunked], body + evil)),
  request(
    'POST /a HTTP/1.1',
    [chunked, 'Trailer: X-T'],
    `4\r\nabcd\r\n0\r\nX-T: t\r\nHost: evil\r\nContent-Length: 9\r\n\r\n${evil}`,
  ),
  request('GET /a HTTP/1.1', ['X:y', ' folded: z']),
  request('GET /a HTTP/1.1', ['X: a\rY: b']),
  request('GET /a HTTP/1.1', ['X: a\nY: b']),
  request('GET /a HTTP/1.1', ['X\0: a']),
  request('GET /a HTTP/1.1', [': empty']),
  request('GET /a HTTP/1.1', ['no colon']),
  request('GET /a HTTP/1.1', ['Host: evil.example']),
  request('GET http://good.example/a HTTP/1.1', []),
  request('GET http://evil.example/a HTTP/1.1', []),
  request('GET //evil.example/a HTTP/1.1', []),
  request('GET /a HTTP/1.1 HTTP/1.0', []),
  request('GET /a\tb HTTP/1.1', []),
  request('GET  /a HTTP/1.1', []),
  request('GET /a%0d%0aX:%20y HTTP/1.1', []),
  request('GET /a#b HTTP/1.1', []),
  request('GET /a HTTP/1.0', ['Connection: keep-alive']),
  request('GET /a HTTP/2.0', []),
  request('GET /a HTTP/1.1', ['Connection: close, Host, X-A', 'X-A: b']),
  request('GET /a HTTP/1.1', ['Content-Length: 4', 'Expect: 100-continue'], 'abcd'),
  request('GET /a HTTP/1.1', [`Content-Length: ${evil.length}`], evil),
  request('HEAD /a HTTP/1.1', [chunked], `4\r\nabcd\r\n0\r\n\r\n${evil}`),
  request('POST /a HTTP/1.1', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAAA']),
  `GET /a HTTP/1.1\r\n${host}\r\n\r\n\r\n\r\n${evil}`,
  `\r\nGET /a HTTP/1.1\r\n${host}\r\n\r\n`,
  `GET /a HTTP/1.1\n${host}\n\n`,
  `GET /a HTTP/1.1\r\nHost: good.example\r\nX: ${'y'.repeat(9000)}\r\n\r\n`,
];

const sound = fc.constantFrom(
  request('GET /a?x=%20&y HTTP/1.1', ['Accept: */*', 'X-A: one', 'X-a: two', 'Cookie: a=b']),
  request('DELETE /a;v=1 HTTP/1.1', []),
  request('POST /b HTTP/1.1', ['Content-Type: text/plain', 'Content-Length: 4'], 'abcd'),
  request('POST /c HTTP/1.1', [chunked, 'Content-Type: application/json'], '4\r\nabcd\r\n2;x=y\r\nef\r\n0\r\n\r\n'),
  request('PUT /d HTTP/1.1', ['Content-Length: 0', 'X-Obs: \x80\xff']),
);
const spoiler = fc.constantFrom(
  '',
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  '\0',
  ',',
  ':',
  '0',
  ';',
  '\x0b',
  '\x80',
  'X: y\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 4\r\n',
  `${chunked}\r\n`,
  'Host: evil\r\n',
  `\r\n0\r\n\r\n${evil}`,
  'HTTP/1.0',
);

/** One to three requests, spoilt at up to two places. */
export const http1Wires: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: sound }, fc.constantFrom(...tricks)), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(spoiler, fc.nat()), { maxLength: 2 }),
  )
  .map(([requests, spoilers]) =>
    spoilers.reduce((wire, [text, at]) => {
      const where = at % (wire.length + 1);
      return wire.slice(0, where) + text + wire.slice(where);
    }, requests.join('')),
  );
