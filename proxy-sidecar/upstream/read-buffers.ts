/** Buffers that what upstream sends is read into, so that none has to be made for each read. */
export class ReadBuffers {
  /** Everybody's while nothing is in it: it must be empty again when the callback of a read returns. */
  readonly shared = Buffer.allocUnsafeSlow(sharedBytes);
  readonly #spare: Buffer[] = [];
  readonly #max: number;
  #lent = 0;

  constructor(max = usualMax) {
    this.#max = max;
  }

  /** One for a single connection that reads much; undefined when all are lent. */
  take(): Buffer | undefined {
    if (this.#lent >= this.#max) return undefined;
    this.#lent += 1;
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(ownBytes);
  }

  /** `isFree`: nobody reads from it or writes into it any more; otherwise it is left to whoever still does. */
  giveBack(buffer: Buffer, isFree: boolean): void {
    this.#lent -= 1;
    if (isFree) this.#spare.push(buffer);
  }
}

const sharedBytes = 64 * 1024;
const ownBytes = 256 * 1024;
const usualMax = 8;
