/**
 * What stands under a host, by port. Most hosts have one: a Map for each would be two more places in memory to wait for at
 * every decision.
 */
export class PortTable<T> {
  #port: number | 'any' | undefined;
  // Made with its first item: one that grows from nothing has room for seventeen.
  #list: T[] | undefined;
  #more: Map<number | 'any', T[]> | undefined;

  add(port: number | 'any', item: T): void {
    if (this.#list === undefined) {
      this.#port = port;
      this.#list = [item];
    } else if (this.#port === port) this.#list.push(item);
    else {
      this.#more ??= new Map();
      const list = this.#more.get(port);
      if (list === undefined) this.#more.set(port, [item]);
      else list.push(item);
    }
  }

  get(port: number | 'any'): readonly T[] | undefined {
    return this.#listOf(port);
  }

  /** Sorts every list; what stands under any port counts under each. */
  sort(compare: (a: T, b: T) => number): void {
    if (this.#list === undefined || (this.#more === undefined && this.#list.length < 2)) return;
    const any = this.#listOf('any');
    const lists = this.#more === undefined ? [this.#list] : [this.#list, ...this.#more.values()];
    for (const list of lists) {
      if (any !== undefined && list !== any) list.push(...any);
      list.sort(compare);
    }
  }

  #listOf(port: number | 'any'): T[] | undefined {
    return port === this.#port ? this.#list : this.#more?.get(port);
  }
}
