import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkedDecoder, encodeChunk, lastChunk } from './chunked-decoder.ts';
import { defaultHttpLimits } from './http-limits.ts';

/** Feeds the wire in pieces, as a reader would. */
function decode(wire: Buffer, pieceBytes: number): { data: string; rest: string } | string {
  const decoder = new ChunkedDecoder(defaultHttpLimits);
  let data = '';
  let held: Buffer = Buffer.alloc(0);
  for (let at = 0; ; ) {
    const step = decoder.push(held);
    if (step.kind === 'Bad') return step.problem;
    held = step.rest;
    if (step.kind === 'Data') data += step.data.toString('latin1');
    else if (step.kind === 'Done') return { data, rest: held.toString('latin1') + wire.toString('latin1', at) };
    else {
      if (at >= wire.length) return 'More';
      held = Buffer.concat([held, wire.subarray(at, at + pieceBytes)]);
      at += pieceBytes;
    }
  }
}

describe('whatever the pieces', () => {
  test.each([
    ['two chunks', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', { data: 'abcde', rest: '' }],
    ['upper and lower case sizes', 'A\r\n0123456789\r\n0\r\n\r\n', { data: '0123456789', rest: '' }],
    ['an extension', '1;a="b"\r\nx\r\n0\r\n\r\n', { data: 'x', rest: '' }],
    ['trailers', '0\r\nX-A: b\r\n\r\nGET', { data: '', rest: 'GET' }],
    ['leading zeros', '0003\r\nabc\r\n0\r\n\r\n', { data: 'abc', rest: '' }],
  ])('%s', (_what, wire, expected) => {
    for (const size of [1, 2, 3, 7, 1000]) expect(decode(Buffer.from(wire, 'latin1'), size)).toEqual(expected);
  });

  test.each([
    ['0x5\r\nabcde\r\n0\r\n\r\n', 'BadChunkSize'],
    ['-1\r\n', 'BadChunkSize'],
    [' 5\r\n', 'BadChunkSize'],
    ['5 \r\nabcde\r\n', 'BadChunkSize'],
    ['5_\r\n', 'BadChunkSize'],
    ['\r\n', 'BadChunkSize'],
    [';a\r\n', 'BadChunkSize'],
    ['12345678901234567\r\n', 'BadChunkSize'],
    ['1;a\nb\r\nx\r\n', 'BadChunkSize'],
    ['1;a\0b\r\nx\r\n', 'BadChunkExtension'],
    [`1;${'a'.repeat(300)}\r\nx\r\n`, 'ChunkLineTooLong'],
    ['0'.repeat(300), 'ChunkLineTooLong'],
    ['3\nabc\r\n0\r\n\r\n', 'BadChunkSize'],
    ['3\r\nabcd\r\n0\r\n\r\n', 'BadChunkEnd'],
    ['3\r\nabc\n0\r\n\r\n', 'BadChunkEnd'],
    ['0\r\nbad trailer\r\n\r\n', 'BadTrailer'],
    ['0\r\nX: a\nY: b\r\n\r\n', 'BadTrailer'],
  ])('H08 %j is refused: %s', (wire, problem) => {
    for (const size of [1, 3, 1000]) expect(decode(Buffer.from(wire, 'latin1'), size)).toBe(problem);
  });

  test('what was encoded is decoded, and mutations never throw', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 5 });
    fc.assert(
      fc.property(bodies, fc.integer({ min: 1, max: 60 }), fc.nat(), fc.nat(255), (chunks, size, at, byte) => {
        const wire = Buffer.concat([...chunks.map(chunk => encodeChunk(Buffer.from(chunk))), lastChunk]);
        const data = Buffer.concat(chunks).toString('latin1');
        expect(decode(wire, size)).toEqual({ data, rest: '' });
        wire[at % wire.length] = byte;
        decode(wire, size);
      }),
      { numRuns: 1000 },
    );
  });
});
