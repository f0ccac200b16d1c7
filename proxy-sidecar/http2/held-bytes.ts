import type { MessageBudget } from '../websocket/web-socket-relay.ts';

/** What one stream holds of the sandbox's budget; without a budget there is always room. */
export class HeldBytes {
  readonly #budget: MessageBudget | undefined;
  #bytes = 0;

  constructor(budget: MessageBudget | undefined) {
    this.#budget = budget;
  }

  /** False, and nothing changed, where there is no room for more. */
  resize(bytes: number): boolean {
    const more = bytes - this.#bytes;
    if (more > 0 && this.#budget?.reserve(more) === false) return false;
    if (more < 0) this.#budget?.release(-more);
    this.#bytes = bytes;
    return true;
  }
}
