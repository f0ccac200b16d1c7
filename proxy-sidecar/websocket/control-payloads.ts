// Where a rule lists text, control frames may not carry what text may not: up to 125 bytes of anything each.
import { type ControlOpcode, opcodes } from './web-socket-frame.ts';

/** Remembers what the server asked for, and makes of a client's control payload what may go on. */
export class ControlPayloads {
  #lastPing: Buffer | undefined;

  /** A server's ping, which the client's pong may repeat. */
  notePing(payload: Buffer): void {
    this.#lastPing = payload;
  }

  /** Pings go empty (the relay answers them itself), pongs say what was asked for or nothing, closes their code alone. */
  strip(opcode: ControlOpcode, payload: Buffer): Buffer {
    if (opcode === opcodes.close) return payload.subarray(0, 2);
    const isAnswer = opcode === opcodes.pong && this.#lastPing?.equals(payload) === true;
    return isAnswer ? payload : Buffer.alloc(0);
  }
}
