// An upstream that echoes its caller's key would hand it to the agent. Stars of the same length take its place, also when
// it comes in pieces; only bytes that may be the key's beginning wait for the next piece.

const empty = Buffer.alloc(0);

export class KeyRedactor {
  readonly #key: Buffer;
  readonly #stars: Buffer;
  #held: Buffer = empty;

  /** Keys shorter than 8 bytes are left alone: their bytes would occur by chance. */
  constructor(key: string) {
    this.#key = Buffer.from(key.length < 8 ? '' : key, 'utf8');
    this.#stars = Buffer.alloc(this.#key.length, '*');
  }

  /** The bytes that may go on now. */
  push(chunk: Buffer): Buffer {
    if (this.#key.length === 0) return chunk;
    const bytes = this.#redact(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]));
    const keep = this.#partialLength(bytes);
    this.#held = keep === 0 ? empty : bytes.subarray(bytes.length - keep);
    return keep === 0 ? bytes : bytes.subarray(0, bytes.length - keep);
  }

  /** What was held back, once nothing follows. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = empty;
    return rest;
  }

  #redact(bytes: Buffer): Buffer {
    let at = bytes.indexOf(this.#key);
    if (at < 0) return bytes;
    const copy = Buffer.from(bytes);
    for (; at >= 0; at = copy.indexOf(this.#key, at + this.#key.length)) this.#stars.copy(copy, at);
    return copy;
  }

  /** Length of the longest end of `bytes` that begins the key. */
  #partialLength(bytes: Buffer): number {
    for (let length = Math.min(this.#key.length - 1, bytes.length); length > 0; length--) {
      if (bytes.compare(this.#key, 0, length, bytes.length - length) === 0) return length;
    }
    return 0;
  }
}
