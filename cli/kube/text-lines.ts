import type { Readable } from 'node:stream';

/** A line longer than this is given in pieces: nobody's log may fill our memory. Watch events are at most 3 MiB of JSON. */
const maxLineLength = 8 * 1024 * 1024;

/** Lines of a stream as they come; the last may lack its end. A multi-byte character cut by two chunks stays whole. */
export async function* textLines(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > maxLineLength) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}
