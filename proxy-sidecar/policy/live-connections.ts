// Connections that are open, each with the question whether it would still be allowed.

export interface LiveConnection {
  /** False once policy no longer allows it. */
  isStillAllowed(): boolean;
  close(): void;
}

export class LiveConnections {
  readonly #open = new Set<LiveConnection>();

  get size(): number {
    return this.#open.size;
  }

  /** The returned function takes it out again. */
  add(connection: LiveConnection): () => void {
    this.#open.add(connection);
    return () => void this.#open.delete(connection);
  }

  /** Closes what is no longer allowed; how many that were. */
  recheck(): number {
    let closed = 0;
    for (const connection of this.#open) {
      if (connection.isStillAllowed()) continue;
      this.#open.delete(connection);
      connection.close();
      closed += 1;
    }
    return closed;
  }
}
