// RFC 9112, 7.1, strictly: plain hexadecimal sizes, CRLF alone, bounded extensions and trailers.
import { type HeaderField, parseFields, splitLines } from './header-fields.ts';
import type { HttpLimits } from './http-limits.ts';

export type ChunkProblem = 'BadChunkSize' | 'BadChunkEnd' | 'BadChunkExtension' | 'ChunkLineTooLong' | 'BadTrailer';

export type ChunkedStep =
  /** `data` is a view of the pushed bytes; push what `rest` holds again, with more behind it. */
  | { readonly kind: 'Data'; readonly data: Buffer; readonly rest: Buffer }
  | { readonly kind: 'More'; readonly rest: Buffer }
  | { readonly kind: 'Done'; readonly trailers: readonly HeaderField[]; readonly rest: Buffer }
  | { readonly kind: 'Bad'; readonly problem: ChunkProblem };

const crlf = Buffer.from('\r\n');

export class ChunkedDecoder {
  readonly #limits: HttpLimits;
  #state: 'Size' | 'Data' | 'DataEnd' | 'Trailers' = 'Size';
  #left = 0;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** One step over the bytes at hand: a piece of data, the end, a problem, or the wish for more. */
  push(bytes: Buffer): ChunkedStep {
    let rest = bytes;
    for (;;) {
      if (this.#state === 'Data') {
        if (rest.length === 0) return { kind: 'More', rest };
        const data = rest.subarray(0, this.#left);
        this.#left -= data.length;
        if (this.#left === 0) this.#state = 'DataEnd';
        return { kind: 'Data', data, rest: rest.subarray(data.length) };
      }
      if (this.#state === 'Trailers') return this.#readTrailers(rest);
      const next = this.#state === 'Size' ? this.#readSize(rest) : this.#readDataEnd(rest);
      if (!Buffer.isBuffer(next)) return next;
      rest = next;
    }
  }

  #readDataEnd(bytes: Buffer): Buffer | ChunkedStep {
    if (!crlf.subarray(0, bytes.length).equals(bytes.subarray(0, 2))) return { kind: 'Bad', problem: 'BadChunkEnd' };
    if (bytes.length < 2) return { kind: 'More', rest: bytes };
    this.#state = 'Size';
    return bytes.subarray(2);
  }

  #readSize(bytes: Buffer): Buffer | ChunkedStep {
    const end = bytes.subarray(0, this.#limits.maxChunkLineBytes + 2).indexOf(crlf);
    if (end < 0)
      return bytes.length > this.#limits.maxChunkLineBytes
        ? { kind: 'Bad', problem: 'ChunkLineTooLong' }
        : { kind: 'More', rest: bytes };
    const line = bytes.toString('latin1', 0, end);
    const match = /^([0-9a-fA-F]{1,12})(;.*)?$/.exec(line);
    if (match === null) return { kind: 'Bad', problem: 'BadChunkSize' };
    if (!/^[\t\x20-\x7e]*$/.test(match[2] ?? '')) return { kind: 'Bad', problem: 'BadChunkExtension' };
    this.#left = Number.parseInt(match[1] ?? '', 16);
    this.#state = this.#left === 0 ? 'Trailers' : 'Data';
    return bytes.subarray(end + 2);
  }

  #readTrailers(bytes: Buffer): ChunkedStep {
    if (bytes.subarray(0, 2).equals(crlf)) return { kind: 'Done', trailers: [], rest: bytes.subarray(2) };
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
      return bytes.length > this.#limits.maxHeadBytes
        ? { kind: 'Bad', problem: 'BadTrailer' }
        : { kind: 'More', rest: bytes };
    const lines = splitLines(bytes.subarray(0, end));
    const parsed = lines === undefined ? undefined : parseFields(lines, this.#limits.maxFields);
    if (!parsed?.ok) return { kind: 'Bad', problem: 'BadTrailer' };
    return { kind: 'Done', trailers: parsed.fields, rest: bytes.subarray(end + 4) };
  }
}

/** One chunk on the wire; an empty one would end the body, so nothing is written for it. */
export function encodeChunk(data: Buffer): Buffer {
  return data.length === 0 ? data : Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, crlf]);
}

export const lastChunk: Buffer = Buffer.from('0\r\n\r\n');
