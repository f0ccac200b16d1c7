import type { Readable } from 'node:stream';

export type Filled = 'Data' | 'End' | 'Timeout';

const empty = Buffer.alloc(0);

/**
 * Pulls bytes from a stream on demand: what nobody asks for stays in the kernel, which is the back-pressure.
 * Errors of the stream read as its end; the reader's listeners keep them from ending the process.
 */
export class ByteReader {
  readonly #stream: Readable;
  #buffered: Buffer = empty;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #onReadable = () => {
    if (this.#wake !== undefined) this.#wake();
    // Nobody reads now; a look without taking anything lets an end of the stream be noticed.
    else if (this.#stream.readableLength === 0) this.#stream.read(0);
  };

  constructor(stream: Readable) {
    this.#stream = stream;
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    for (const event of ['end', 'close', 'error']) stream.on(event, end);
    stream.on('error', error => (this.#failure ??= error));
    stream.on('readable', this.#onReadable);
    if (stream.readableEnded || stream.destroyed) this.#ended = true;
  }

  /** Bytes pulled and not taken. */
  get buffered(): Buffer {
    return this.#buffered;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Why it ended, where not as it should. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Pulls more bytes behind the buffered ones. */
  async fill(timeoutMs: number): Promise<Filled> {
    for (;;) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk !== null) {
        this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
        return 'Data';
      }
      if (this.#ended) return 'End';
      if (!(await this.#wait(timeoutMs))) return 'Timeout';
    }
  }

  take(bytes: number): Buffer {
    const taken = this.#buffered.subarray(0, bytes);
    this.#buffered = this.#buffered.subarray(taken.length);
    return taken;
  }

  /** Puts back what a decoder did not use. */
  replace(rest: Buffer): void {
    this.#buffered = rest;
  }

  /** Lets go of the stream, which others read from now on; what was pulled and not taken is theirs. */
  release(): Buffer {
    const rest = this.#buffered;
    this.#buffered = empty;
    this.#stream.off('readable', this.#onReadable);
    return rest;
  }

  /** Gives up reading: whoever waits sees the end, and what still comes is thrown away. */
  discardRest(): void {
    this.#ended = true;
    this.#buffered = empty;
    this.#wake?.();
    this.#stream.off('readable', this.#onReadable);
    this.#stream.on('data', () => undefined);
  }

  #wait(timeoutMs: number): Promise<boolean> {
    return new Promise(resolve => {
      const timer = setTimeout(() => settle(false), timeoutMs);
      const settle = (isAwake: boolean) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(isAwake);
      };
      this.#wake = () => settle(true);
    });
  }
}
