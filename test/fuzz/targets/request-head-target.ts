import assert from 'node:assert/strict';
import { defaultHttpLimits } from '../../../proxy-sidecar/http/http-limits.ts';
import { parseRequestHead, type RequestHead } from '../../../proxy-sidecar/http/parse-request-head.ts';
import { serializeRequestHead } from '../../../proxy-sidecar/http/serialize-head.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';
import { type LlhttpHead, llhttpMethods, readByLlhttp } from '../llhttp.ts';

/** What is admitted is written so that we and llhttp read the same head, and read by llhttp as it came it says nothing else. */
export const requestHeadTarget: FuzzTarget = {
  name: 'request-head',
  corpus: corpusOf('request-head'),
  tokens: [
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    ':',
    ',',
    '\0',
    '\x0b',
    '\r\n ',
    'Host: other.example\r\n',
    'Content-Length: 7\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: xchunked\r\n',
    'Connection: close, Host\r\n',
    'HTTP/1.1',
    'http://evil.example',
    '%00',
    '..',
    '@',
    ';',
    '\r\n\r\n',
  ],
  check: input => {
    const end = input.indexOf('\r\n\r\n');
    if (end < 0) return;
    // What readHead hands over: up to the first empty line.
    const bytes = input.subarray(0, end + 4);
    const parsed = parseRequestHead(bytes, 80, defaultHttpLimits);
    if (!parsed.ok) return;
    const { method, target, fields, framing, version } = parsed.head;
    const written = serializeRequestHead(method, target, fields);
    const again = parseRequestHead(written, 80, defaultHttpLimits);
    assert.ok(again.ok);
    assert.deepEqual({ ...again.head, version }, parsed.head);
    const lengths = fields.filter(({ key }) => key === 'content-length');
    assert.equal(framing.kind === 'Length', lengths.length === 1);
    if (!llhttpMethods.has(method)) return;
    const theirs = readByLlhttp(written, 'request');
    assert.ok(theirs, 'llhttp refuses what is sent on');
    assertSame(theirs, parsed.head);
    // As it came it may be too much for llhttp, such as a tab behind `chunked`; what it does read is the same.
    const asItCame = readByLlhttp(bytes, 'request');
    if (asItCame === undefined) return;
    assertSame(asItCame, parsed.head);
    assert.equal(asItCame.version, version);
  },
};

function assertSame(theirs: LlhttpHead, { method, target, fields }: RequestHead): void {
  assert.equal(theirs.method, method);
  const origin = theirs.target?.replace(/^http:\/\/[^/]*/i, '');
  assert.equal(origin === '' ? '/' : origin, target);
  assert.deepEqual(
    theirs.fields,
    fields.flatMap(({ name, value }) => [name, value]),
  );
}
