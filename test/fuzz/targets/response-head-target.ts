import assert from 'node:assert/strict';
import { defaultHttpLimits } from '../../../proxy-sidecar/http/http-limits.ts';
import { parseResponseHead } from '../../../proxy-sidecar/http/parse-response-head.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';
import { readByLlhttp } from '../llhttp.ts';

/** Whatever is passed on, llhttp reads with the same status and fields, where it reads it at all: it is stricter on values. */
export const responseHeadTarget: FuzzTarget = {
  name: 'response-head',
  corpus: corpusOf('response-head'),
  tokens: [
    '\r\n',
    '\n',
    '\r',
    ' ',
    ':',
    '\0',
    '\r\n ',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'HTTP/1.1 ',
    '101 ',
    '204 ',
  ],
  check: input => {
    const end = input.indexOf('\r\n\r\n');
    if (end < 0) return;
    // What readHead hands over: up to the first empty line.
    const bytes = input.subarray(0, end + 4);
    const parsed = parseResponseHead(bytes, 'GET', defaultHttpLimits);
    if (!parsed.ok) return;
    const { status, fields, framing } = parsed.head;
    assert.ok(status >= 100 && status <= 999);
    if (framing.kind === 'Length') assert.ok(Number.isSafeInteger(framing.bytes) && framing.bytes >= 0);
    const theirs = readByLlhttp(bytes, 'response');
    if (theirs === undefined) return;
    assert.equal(theirs.status, status);
    assert.deepEqual(
      theirs.fields,
      fields.flatMap(({ name, value }) => [name, value]),
    );
  },
};
