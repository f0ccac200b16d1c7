import assert from 'node:assert/strict';
import { defaultHttpLimits } from '../../../proxy-sidecar/http/http-limits.ts';
import { parseRequestHead } from '../../../proxy-sidecar/http/parse-request-head.ts';
import { serializeRequestHead } from '../../../proxy-sidecar/http/serialize-head.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';
import { llhttpMethods, readByLlhttp } from '../llhttp.ts';

/** Whatever is admitted, llhttp reads in the same way, and our own serialisation of it is admitted as the same head. */
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
    const again = parseRequestHead(serializeRequestHead(method, target, fields), 80, defaultHttpLimits);
    assert.ok(again.ok);
    assert.deepEqual({ ...again.head, version }, parsed.head);
    // llhttp knows a list of methods, and reads `Upgrade`d bodies of its own accord.
    if (!llhttpMethods.has(method)) return;
    const theirs = readByLlhttp(bytes, 'request');
    assert.ok(theirs, 'llhttp refuses what is admitted');
    assert.equal(theirs.method, method);
    assert.equal(theirs.version, version);
    const origin = theirs.target?.replace(/^http:\/\/[^/]*/i, '');
    assert.equal(origin === '' ? '/' : origin, target);
    assert.deepEqual(
      theirs.fields,
      fields.flatMap(({ name, value }) => [name, value]),
    );
    const lengths = fields.filter(({ key }) => key === 'content-length');
    assert.equal(framing.kind === 'Length', lengths.length === 1);
  },
};
