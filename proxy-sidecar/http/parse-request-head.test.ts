import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMs } from '../../engine/bodies/testing/cpu-time.ts';
import { defaultHttpLimits } from './http-limits.ts';
import { parseRequestHead } from './parse-request-head.ts';

const parse = (text: string) => parseRequestHead(Buffer.from(text, 'latin1'), 80, defaultHttpLimits);
const request = (...lines: string[]) => parse(`${lines.join('\r\n')}\r\n\r\n`);
const get = (...fields: string[]) => request('GET / HTTP/1.1', 'Host: good.example', ...fields);
const post = (...fields: string[]) => request('POST / HTTP/1.1', 'Host: good.example', ...fields);

describe('admitted', () => {
  test.each([
    ['a plain request', get('Accept: */*'), { method: 'GET', target: '/', host: 'good.example', port: 80 }],
    ['a length', post('Content-Length: 5'), { framing: { kind: 'Length', bytes: 5 } }],
    ['chunks', post('Transfer-Encoding: Chunked'), { framing: { kind: 'Chunked' } }],
    [
      'a Host in other case with a dot and a port',
      request('GET /a HTTP/1.1', 'HOST: Good.Example.:8080'),
      { host: 'good.example', port: 8080 },
    ],
    [
      'absolute form that agrees with Host',
      request('GET http://good.example/x?y HTTP/1.1', 'Host: good.example'),
      { target: '/x?y' },
    ],
    ['HTTP/1.0 with Host', request('GET / HTTP/1.0', 'Host: good.example'), { version: '1.0' }],
    [
      'encoded slashes and colons as they are',
      request('GET /@scope%2fname;v=1?q=%20 HTTP/1.1', 'Host: a.b'),
      { target: '/@scope%2fname;v=1?q=%20' },
    ],
    ['names of object prototypes as fields', get('__proto__: x', 'constructor: y'), { method: 'GET' }],
  ])('%s', (_what, parsed, expected) => expect(parsed).toMatchObject({ ok: true, head: expected }));
});

describe('refused', () => {
  const cases: readonly (readonly [string, ReturnType<typeof parse>, number, string?])[] = [
    ['H02 length and chunks', post('Content-Length: 5', 'Transfer-Encoding: chunked'), 400, 'LengthAndChunked'],
    ['H02 the other way round', post('Transfer-Encoding: chunked', 'Content-Length: 5'), 400, 'LengthAndChunked'],
    ['H04 two lengths', post('Content-Length: 5', 'Content-Length: 5'), 400, 'SeveralLengths'],
    ...['+5', '0x10', '010', '-1', '1_0', '5 5', '', '1e3', '5,5', '123456789012345678901'].map(
      length => [`H05 length ${JSON.stringify(length)}`, post(`Content-Length: ${length}`), 400, 'BadLength'] as const,
    ),
    ...[',chunked', 'chunked, identity', 'xchunked', 'identity', 'gzip, chunked', '\xa0chunked', '"chunked"'].map(
      coding =>
        [
          `H03 coding ${JSON.stringify(coding)}`,
          post(`Transfer-Encoding: ${coding}`),
          400,
          'BadTransferEncoding',
        ] as const,
    ),
    ['H03 two codings', post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400, 'BadTransferEncoding'],
    [
      'chunks on HTTP/1.0',
      request('POST / HTTP/1.0', 'Host: a.b', 'Transfer-Encoding: chunked'),
      400,
      'BadTransferEncoding',
    ],
    ['H03, H10 a blank before the colon', post('Transfer-Encoding : chunked'), 400, 'BadFieldName'],
    ['a folded field', get('X-A: b', ' c'), 400, 'ObsFold'],
    ['H10 no colon', get('nonsense'), 400, 'BadFieldName'],
    ['H10 an empty name', get(': x'), 400, 'BadFieldName'],
    ['H10 a control in a name', get('X\x0bA: b'), 400, 'BadFieldName'],
    ['H10 NUL in a value', get('X-A: b\0c'), 400, 'BadFieldValue'],
    ['a vertical tab before chunked', post('Transfer-Encoding: \x0bchunked'), 400, 'BadFieldValue'],
    ['a bare CR', get('X-A: b\rTransfer-Encoding: chunked'), 400, 'BareCrOrLf'],
    ['a bare LF', get('X-A: b\nX-B: c'), 400, 'BareCrOrLf'],
    ['two Hosts', get('Host: good.example'), 400, 'SeveralHosts'],
    ['no Host', request('GET / HTTP/1.1'), 400, 'NoHost'],
    ['H15 HTTP/1.0 without Host', request('GET / HTTP/1.0'), 400, 'NoHost'],
    ['an empty Host', request('GET / HTTP/1.1', 'Host:'), 400, 'BadHost'],
    ['P10 a Host with user', request('GET / HTTP/1.1', 'Host: good.example@evil'), 400, 'BadHost'],
    ['a Host list', request('GET / HTTP/1.1', 'Host: a.b, c.d'), 400, 'BadHost'],
    [
      'H12 absolute form of another host',
      request('GET http://evil.example/ HTTP/1.1', 'Host: good.example'),
      400,
      'AuthorityMismatch',
    ],
    [
      'absolute form of another port',
      request('GET http://good.example:81/ HTTP/1.1', 'Host: good.example'),
      400,
      'AuthorityMismatch',
    ],
    [
      'absolute form with user',
      request('GET http://good.example@evil.com/ HTTP/1.1', 'Host: good.example'),
      400,
      'AuthorityMismatch',
    ],
    ...[
      'https://good.example/',
      'http:\\\\evil',
      'http:///evil',
      'http://good.example\\@evil/',
      '*',
      'good.example:443',
      'ftp://a/',
      'file:///etc/passwd',
      'unix:/run/x',
      'a',
      '/\x80',
      '/#x',
      '//\x7f',
      '',
    ].map(
      target =>
        [
          `P11, H46, H47 target ${JSON.stringify(target)}`,
          request(`GET ${target} HTTP/1.1`, 'Host: good.example'),
          400,
        ] as const,
    ),
    ['H31 a long target', request(`GET /${'a'.repeat(33_000)} HTTP/1.1`, 'Host: a.b'), 400, 'BadTarget'],
    ...['get', 'CONNECT', 'TRACE', 'PRI', 'G@T', 'A'.repeat(1000), ''].map(
      method =>
        [`H35 method ${method.slice(0, 8)}`, request(`${method} / HTTP/1.1`, 'Host: a.b'), 400, 'BadMethod'] as const,
    ),
    ['a tab in the request line', request('PATCH\t / HTTP/1.1', 'Host: a.b'), 400, 'BadMethod'],
    ['two blanks', request('GET  / HTTP/1.1', 'Host: a.b'), 400],
    ['H15 HTTP/0.9', parse('GET /\r\n\r\n'), 400, 'BadRequestLine'],
    ['H15 HTTP/1.2', request('GET / HTTP/1.2', 'Host: a.b'), 505, 'UnsupportedVersion'],
    ['H15 HTTP/2.0', request('GET / HTTP/2.0', 'Host: a.b'), 505, 'UnsupportedVersion'],
    ['H15 a huge version', request('GET / HTTP/4294967295.255', 'Host: a.b'), 505, 'UnsupportedVersion'],
    ['H40 an unknown expectation', post('Expect: foo'), 417, 'BadExpect'],
    ['H45 2 100 fields', get(...Array.from({ length: 2100 }, (_, index) => `X-${index}: y`)), 431, 'TooManyFields'],
    ['a huge head', get(`X: ${'a'.repeat(70_000)}`), 431, 'HeadTooLarge'],
    ['an empty line first', parse('\r\nGET / HTTP/1.1\r\nHost: a.b\r\n\r\n'), 400],
  ];
  test.each(cases)('%s', (_what, parsed, status, problem) =>
    expect(parsed).toMatchObject({ ok: false, status, ...(problem === undefined ? {} : { problem }) }),
  );
});

test('no bytes make it throw, and what it admits holds one host and one framing', () => {
  const pieces = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'POST /x HTTP/1.1\r\n',
    'Host: a.b\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'X: y\r\n',
    ' \t',
    '\n',
    '\r',
    '\0',
    ':',
    'host:c.d\r\n',
    'http://a.b/',
    '\xff',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 8 }), parts => {
      const text = `${parts.join('')}\r\n\r\n`;
      const parsed = parse(text);
      if (!parsed.ok) return;
      const keys = parsed.head.fields.map(({ key }) => key);
      expect(keys.filter(key => key === 'host')).toHaveLength(1);
      expect(keys.filter(key => key === 'content-length' || key === 'transfer-encoding').length).toBeLessThan(2);
      expect(/[^\r]\n|\r[^\n]/.test(Buffer.from(text, 'latin1').toString('latin1'))).toBe(false);
    }),
    { numRuns: 5000 },
  );
});

test('P25 blanks within a value hold nobody up', () => {
  const blanks = ' '.repeat(60_000);
  const text = `GET / HTTP/1.1\r\nHost: a.b\r\nX: \t a${blanks}b \t\r\n\r\n`;
  const parsed = parse(text);
  expect(cpuMs(() => parse(text))).toBeLessThan(300);
  expect(parsed).toMatchObject({ ok: true, head: { fields: [{}, { key: 'x', value: `a${blanks}b` }] } });
});
