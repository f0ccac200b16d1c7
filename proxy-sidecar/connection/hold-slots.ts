/** How many connections and requests of a sandbox wait for a decision at the same time. */
export class HoldSlots {
  readonly max: number;
  #taken = 0;

  constructor(max: number) {
    this.max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** False: all are taken. Who gets true gives it back with `leave`. */
  enter(): boolean {
    if (this.#taken >= this.max) return false;
    this.#taken++;
    return true;
  }

  leave(): void {
    this.#taken--;
  }
}
