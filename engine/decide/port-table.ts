/**
 * What stands under a host, by port. Most hosts have one: a Map for each would be two more places in memory to wait for at
 * every decision.
 */
export class PortTable<T> {
  #port: number | 'any' | undefined;
  #list: T[] = [];
  #more: Map<number | 'any', T[]> | undefined;

  add(port: number | 'any', item: T): void {
    this.#port ??= port;
    if (this.#port === port) this.#list.push(item);
    else {
      this.#more ??= new Map();
      const list = this.#more.get(port);
      if (list === undefined) this.#more.set(port, [item]);
      else list.push(item);
    }
  }

  get(port: number | 'any'): readonly T[] | undefined {
    return port === this.#port ? this.#list : this.#more?.get(port);
  }

  /** Every list, to be sorted in place. */
  *lists(): Iterable<readonly [port: number | 'any', list: T[]]> {
    if (this.#port !== undefined) yield [this.#port, this.#list];
    yield* this.#more ?? [];
  }
}
