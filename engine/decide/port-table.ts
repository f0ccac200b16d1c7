/**
 * What stands under a host, by port. Most hosts have one thing under one port: a Map or a list for each would be more places in
 * memory to wait for at every decision, and to make at every start.
 */
export class PortTable<T> {
  readonly #port: number | 'any';
  readonly #first: T;
  /** Of the first port; made when it is asked for, or has a second item. */
  #list: T[] | undefined;
  #more: Map<number | 'any', T[]> | undefined;

  constructor(port: number | 'any', first: T) {
    this.#port = port;
    this.#first = first;
  }

  add(port: number | 'any', item: T): void {
    if (this.#port === port) return void this.#firstList().push(item);
    this.#more ??= new Map();
    const list = this.#more.get(port);
    if (list === undefined) this.#more.set(port, [item]);
    else list.push(item);
  }

  get(port: number | 'any'): readonly T[] | undefined {
    return port === this.#port ? this.#firstList() : this.#more?.get(port);
  }

  /** What stands under the port, where the table holds nothing else. */
  only(port: number): T | undefined {
    return port === this.#port && this.#list === undefined && this.#more === undefined ? this.#first : undefined;
  }

  /** Sorts every list; what stands under any port counts under each. */
  sort(compare: (a: T, b: T) => number): void {
    if (this.#more === undefined && this.#list === undefined) return;
    const any = this.get('any');
    const lists = [this.#firstList(), ...(this.#more?.values() ?? [])];
    for (const list of lists) {
      if (any !== undefined && list !== any) list.push(...any);
      list.sort(compare);
    }
  }

  #firstList(): T[] {
    return (this.#list ??= [this.#first]);
  }
}
