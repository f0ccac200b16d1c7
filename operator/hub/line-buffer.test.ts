import { array, assert, nat, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { LineBuffer } from './line-buffer.ts';

test('any cutting of the bytes gives the same lines', () => {
  assert(
    property(array(string({ unit: 'grapheme' })), array(nat({ max: 20 })), (texts, cuts) => {
      const lines = texts.map(text => text.replaceAll('\n', ' '));
      const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''));
      const buffer = new LineBuffer(1 << 16);
      const seen: string[] = [];
      const feed = (chunk: Buffer) => {
        const result = buffer.push(chunk);
        if ('lines' in result) seen.push(...result.lines);
      };
      let start = 0;
      for (const cut of cuts) {
        feed(bytes.subarray(start, start + cut));
        start += cut;
      }
      feed(bytes.subarray(start));
      expect(seen).toEqual(lines);
    }),
  );
});

test.each([
  ['in one chunk', [Buffer.alloc(11, 'x')]],
  ['over several chunks', [Buffer.alloc(6, 'x'), Buffer.alloc(6, 'x')]],
  ['followed by its newline', [Buffer.from(`${'x'.repeat(11)}\n`)]],
])('a line over the bound, %s, is an error', (_how, chunks) => {
  const buffer = new LineBuffer(10);
  expect(chunks.map(chunk => buffer.push(chunk)).at(-1)).toEqual({ error: 'LineTooLong' });
});
