import assert from 'node:assert/strict';
import { ChunkedDecoder } from '../../../proxy-sidecar/http/chunked-decoder.ts';
import { defaultHttpLimits } from '../../../proxy-sidecar/http/http-limits.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';

/** The same outcome in whatever pieces it comes, and the same body as a reader makes of it that sees it whole. */
export const chunkedTarget: FuzzTarget = {
  name: 'chunked',
  corpus: corpusOf('chunked'),
  tokens: ['\r\n', '\n', '\r', '0\r\n\r\n', ';', '0x', '-', ' ', '\0', 'ffffffffffff', '1\r\n', 'X: y\r\n'],
  check: bytes => {
    const whole = decode(bytes, bytes.length + 1);
    assert.deepEqual(decode(bytes, 1), whole);
    assert.deepEqual(decode(bytes, 3), whole);
    if (whole.end === 'Done') assert.deepEqual(whole.body, referenceBody(bytes.toString('latin1')));
  },
};

interface Decoded {
  readonly end: string;
  readonly body: string;
}

function decode(bytes: Buffer, size: number): Decoded {
  const decoder = new ChunkedDecoder(defaultHttpLimits);
  let body = '';
  let pending = bytes.subarray(0, size);
  for (let at = size; ; ) {
    const step = decoder.push(pending);
    if (step.kind === 'Bad') return { end: step.problem, body: '' };
    if (step.kind === 'Done') return { end: 'Done', body };
    if (step.kind === 'Data') body += step.data.toString('latin1');
    if (step.kind === 'More' && at >= bytes.length) return { end: 'More', body };
    pending = step.kind === 'More' ? Buffer.concat([step.rest, bytes.subarray(at, (at += size))]) : step.rest;
  }
}

function referenceBody(wire: string): string {
  const [, size = ''] = /^([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n/.exec(wire) ?? [];
  const start = wire.indexOf('\r\n') + 2;
  const length = Number.parseInt(size, 16);
  return length === 0 ? '' : wire.slice(start, start + length) + referenceBody(wire.slice(start + length + 2));
}
