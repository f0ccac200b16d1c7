// What a client says on a WebSocket whose rule lists text: whole messages, each matched before a byte of it goes on.
import type { Glob } from '../../engine/canonical/glob.ts';
import type { FrameEvent } from './frame-reader.ts';
import type { MessageBudget, WebSocketProblem } from './web-socket-relay.ts';

type DataEvent = Extract<FrameEvent, { kind: 'Data' }>;

/** Parts to send on now; none while a message is still incomplete. */
export type Passed =
  | { readonly ok: true; readonly parts: readonly DataEvent[] }
  | { readonly ok: false; readonly problem: WebSocketProblem };

export interface MessageGate {
  readonly pass: (event: DataEvent) => Passed;
  /** Forgets a message that will never be whole. */
  readonly end: () => void;
}

const empty = Buffer.alloc(0);

export const openGate: MessageGate = {
  pass: event => ({ ok: true, parts: [event] }),
  end: () => undefined,
};

/** The frame reader bounds a message's bytes and fragments, the budget all messages that wait. */
export class MatchingGate implements MessageGate {
  readonly #isAllowed: Glob;
  readonly #budget: MessageBudget | undefined;
  /** One block that grows: an object for each part would cost many times what the budget counts. */
  #held: Buffer = empty;
  #heldBytes = 0;

  constructor(isAllowed: Glob, budget: MessageBudget | undefined) {
    this.#isAllowed = isAllowed;
    this.#budget = budget;
  }

  pass(event: DataEvent): Passed {
    if (event.type === 'Binary') return { ok: false, problem: 'BinaryMessage' };
    if (!this.#hold(event.payload)) return { ok: false, problem: 'NoRoom' };
    if (!event.isEnd) return { ok: true, parts: [] };
    const payload = this.#held.subarray(0, this.#heldBytes);
    this.end();
    if (!this.#isAllowed(payload.toString())) return { ok: false, problem: 'MessageNotAllowed' };
    return { ok: true, parts: [{ ...event, isStart: true, payload }] };
  }

  end(): void {
    this.#held = empty;
    this.#budget?.release(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #hold(part: Buffer): boolean {
    if (this.#budget?.reserve(part.length) === false) return false;
    this.#makeRoom(this.#heldBytes + part.length);
    this.#heldBytes += part.copy(this.#held, this.#heldBytes);
    return true;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#held.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#held.length));
    this.#held.copy(grown, 0, 0, this.#heldBytes);
    this.#held = grown;
  }
}
