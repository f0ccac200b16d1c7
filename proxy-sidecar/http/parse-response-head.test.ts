import { describe, expect, test } from 'vitest';
import { defaultHttpLimits } from './http-limits.ts';
import { parseResponseHead } from './parse-response-head.ts';

const parse = (method: string, ...lines: string[]) =>
  parseResponseHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), method, defaultHttpLimits);
const ok = (...fields: string[]) => parse('GET', 'HTTP/1.1 200 OK', ...fields);

describe('passes', () => {
  test.each([
    ['a length', ok('Content-Length: 2'), { kind: 'Length', bytes: 2 }],
    ['equal lengths given twice', ok('Content-Length: 2', 'Content-Length: 2'), { kind: 'Length', bytes: 2 }],
    ['no length', ok(), { kind: 'Close' }],
    ['no reason phrase', parse('GET', 'HTTP/1.0 200'), { kind: 'Close' }],
    ['an answer to HEAD', parse('HEAD', 'HTTP/1.1 200 OK', 'Content-Length: 9'), { kind: 'None' }],
    ['304 with a length', parse('GET', 'HTTP/1.1 304 Not Modified', 'Content-Length: 9'), { kind: 'None' }],
    ['latin1 in a value', ok('X: \xe9', 'Transfer-Encoding: chunked'), { kind: 'Chunked' }],
  ])('%s', (_what, parsed, framing) => expect(parsed).toMatchObject({ ok: true, head: { framing } }));
});

describe('is refused', () => {
  test.each([
    ['H42 length and chunks', ok('Content-Length: 2', 'Transfer-Encoding: chunked'), 'LengthAndChunked'],
    ['H42 two lengths', ok('Content-Length: 2', 'Content-Length: 3'), 'SeveralLengths'],
    ['another coding', ok('Transfer-Encoding: gzip, chunked'), 'BadTransferEncoding'],
    ['H25 an upgrade nobody asked for', parse('GET', 'HTTP/1.1 101 Switching'), 'UnsolicitedUpgrade'],
    ['NUL', ok('X: a\0'), 'BadFieldValue'],
    ['a bare LF', ok('X: a\nY: b'), 'BareCrOrLf'],
    ['another protocol', parse('GET', 'ICY 200 OK'), 'BadStatusLine'],
    ['H42 a huge head', ok(`X: ${'a'.repeat(70_000)}`), 'HeadTooLarge'],
  ])('%s', (_what, parsed, problem) => expect(parsed).toEqual({ ok: false, problem }));
});
