// What a client says on a WebSocket whose rule lists text: whole messages, each matched before a byte of it goes on.
import { type Glob } from '../../engine/canonical/glob.ts';
import type { FrameEvent } from './frame-reader.ts';
import type { WebSocketProblem } from './web-socket-relay.ts';

export type DataEvent = Extract<FrameEvent, { kind: 'Data' }>;

/** Parts to send on now; none while a message is still incomplete. */
export type Passed =
  | { readonly ok: true; readonly parts: readonly DataEvent[] }
  | { readonly ok: false; readonly problem: WebSocketProblem };

export type PassData = (event: DataEvent) => Passed;

export function passEverything(event: DataEvent): Passed {
  return { ok: true, parts: [event] };
}

/** The reader bounds a message's bytes and fragments. */
export function passMatching(isAllowed: Glob): PassData {
  let parts: Buffer[] = [];
  return event => {
    if (event.type === 'Binary') return { ok: false, problem: 'BinaryMessage' };
    // Empty parts are only what a header costs a sender; kept, they would cost an object here.
    if (event.payload.length > 0) parts.push(event.payload);
    if (!event.isEnd) return { ok: true, parts: [] };
    const payload = Buffer.concat(parts);
    parts = [];
    if (!isAllowed(payload.toString())) return { ok: false, problem: 'MessageNotAllowed' };
    return { ok: true, parts: [{ ...event, isStart: true, payload }] };
  };
}
