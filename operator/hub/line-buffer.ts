// Newline-delimited frames out of a byte stream, with a bound on what one peer can make us hold.

export type LineResult = { readonly lines: readonly string[] } | { readonly error: 'LineTooLong' };

/** Feed it chunks; it gives the whole lines so far. After `LineTooLong` the stream is lost: close it. */
export class LineBuffer {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): LineResult {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      if (!this.#hold(chunk.subarray(start, end))) return { error: 'LineTooLong' };
      lines.push(this.#take());
      start = end + 1;
    }
    return this.#hold(chunk.subarray(start)) ? { lines } : { error: 'LineTooLong' };
  }

  #hold(part: Buffer): boolean {
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#maxBytes) return false;
    if (part.length > 0) this.#parts.push(part);
    return true;
  }

  #take(): string {
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#heldBytes = 0;
    return line;
  }
}
