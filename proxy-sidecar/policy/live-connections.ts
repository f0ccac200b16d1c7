// Connections that are open, each with the question whether it would still be allowed.

export interface LiveConnection {
  /** False once policy no longer allows it. */
  isStillAllowed(): boolean;
  close(): void;
}

export class LiveConnections {
  readonly #open = new Set<LiveConnection>();
  readonly #log: (message: string) => void;
  #isOver = false;

  /** `log` hears of exceptions of a connection's own: bugs, that end it. */
  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The returned function takes it out again. */
  add(connection: LiveConnection): () => void {
    if (this.#isOver) connection.close();
    else this.#open.add(connection);
    return () => void this.#open.delete(connection);
  }

  /** Closes what is no longer allowed, and what cannot say; how many that were. One that throws keeps no other from its end. */
  recheck(): number {
    let closed = 0;
    for (const connection of this.#open) {
      if (this.#attempt(() => connection.isStillAllowed()) === true) continue;
      this.#open.delete(connection);
      this.#attempt(() => connection.close());
      closed += 1;
    }
    return closed;
  }

  /** The end: those that are open and those that come are closed. */
  closeAll(): void {
    this.#isOver = true;
    for (const connection of this.#open) this.#attempt(() => connection.close());
    this.#open.clear();
  }

  #attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.#log(`a connection was cut because looking at it again failed: ${String(error)}`);
      return undefined;
    }
  }
}
