// A WebSocket's two directions: every frame read, checked and written anew, with back-pressure. What is not allowed, a
// change of policy and every violation end both sides with a close frame that says so.
import { randomBytes } from 'node:crypto';
import { compileGlobs } from '../../engine/canonical/glob.ts';
import { writeBytes } from '../http/write-bytes.ts';
import { ControlPayloads } from './control-payloads.ts';
import { endWebSocket } from './end-websocket.ts';
import { type FrameEvent, FrameReader } from './frame-reader.ts';
import { MatchingGate, type MessageGate, openGate } from './read-messages.ts';
import { closePayload, encodeFrame, type Frame, opcodes } from './web-socket-frame.ts';
import type {
  RelayWebSocket,
  WebSocketEnd,
  WebSocketOptions,
  WebSocketOutcome,
  WebSocketProblem,
} from './web-socket-relay.ts';

/** Problem → close code, where it is not 1002. */
const closeCodes: Partial<Record<WebSocketProblem, number>> = {
  MessageNotAllowed: 1008,
  BinaryMessage: 1003,
  MessageTooBig: 1009,
  TooManyFragments: 1009,
  NoRoom: 1013,
  PolicyChanged: 1012,
  IdleTimeout: 1001,
  BadUtf8: 1007,
};

/** Both ends must be past their handshake. */
export const relayWebSocket: RelayWebSocket = (client, upstream, options) =>
  new WebSocketSession(client, upstream, options).run();

type DataEvent = Extract<FrameEvent, { kind: 'Data' }>;
type ControlEvent = Extract<FrameEvent, { kind: 'Control' }>;

interface Direction {
  readonly from: 'Client' | 'Upstream';
  readonly source: WebSocketEnd;
  readonly target: WebSocketEnd;
  readonly frames: FrameReader;
  readonly gate: MessageGate;
}

class WebSocketSession {
  readonly #client: WebSocketEnd;
  readonly #upstream: WebSocketEnd;
  readonly #options: WebSocketOptions;
  readonly #controls = new ControlPayloads();
  /** Grows with whatever arrives from either side. */
  #activity = 0;
  #bytesUp = 0;
  #bytesDown = 0;
  #ending: Pick<WebSocketOutcome, 'closeCode' | 'problem' | 'from'> | undefined;
  #isStopped = false;
  #closeTimer: NodeJS.Timeout | undefined;
  #cutTimer: NodeJS.Timeout | undefined;
  /** Sides that have heard a close frame: nothing may follow it. */
  readonly #closedTo = new Set<WebSocketEnd>();

  constructor(client: WebSocketEnd, upstream: WebSocketEnd, options: WebSocketOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = options;
  }

  async run(): Promise<WebSocketOutcome> {
    const { signal, limits } = this.#options;
    const onAbort = () => this.#fail('PolicyChanged');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const directions = [this.#up(), this.#down()];
    await Promise.all(directions.map(direction => this.#pump(direction)));
    for (const { gate } of directions) gate.end();
    signal.removeEventListener('abort', onAbort);
    await Promise.all([this.#client, this.#upstream].map(end => endWebSocket(end, limits.closeMs)));
    clearTimeout(this.#closeTimer);
    clearTimeout(this.#cutTimer);
    const ending = this.#ending ?? { closeCode: 1006 };
    return { bytesUp: this.#bytesUp, bytesDown: this.#bytesDown, ...ending };
  }

  #up(): Direction {
    const { text, limits, budget } = this.#options;
    const { maxFragments, maxMessageBytes } = limits;
    const bounds = text === undefined ? { maxFragments } : { maxFragments, maxMessageBytes };
    return {
      from: 'Client',
      source: this.#client,
      target: this.#upstream,
      frames: new FrameReader({ isMasked: true, ...bounds }),
      gate: text === undefined ? openGate : new MatchingGate(compileGlobs(text), budget),
    };
  }

  #down(): Direction {
    const { maxFragments } = this.#options.limits;
    const frames = new FrameReader({ isMasked: false, maxFragments });
    return { from: 'Upstream', source: this.#upstream, target: this.#client, frames, gate: openGate };
  }

  /** Until its close frame has gone on, or both directions are stopped. */
  async #pump(direction: Direction): Promise<void> {
    const { source, frames } = direction;
    while (!this.#isStopped) {
      const { used, event } = frames.read(source.reader.buffered);
      source.reader.take(used);
      if (event !== undefined) {
        if (!(await this.#handle(direction, event))) return;
      } else if (used === 0 && !(await this.#fill(direction))) return;
    }
  }

  /** False at the end of this direction. */
  async #fill({ from, source }: Direction): Promise<boolean> {
    const activity = this.#activity;
    const filled = await source.reader.fill(this.#options.limits.idleMs);
    if (this.#isStopped) return false;
    if (filled === 'Data') this.#activity++;
    else if (filled === 'End') this.#cut(from);
    // The other direction's bytes count as well.
    else if (activity === this.#activity) this.#fail('IdleTimeout');
    return !this.#isStopped;
  }

  async #handle(direction: Direction, event: FrameEvent): Promise<boolean> {
    if (event.kind === 'Problem') return this.#fail(event.problem, direction.from);
    if (event.kind === 'Data') return this.#sendData(direction, event);
    return this.#sendControl(direction, event);
  }

  async #sendControl({ from, source, target }: Direction, event: ControlEvent): Promise<boolean> {
    const { opcode } = event;
    const asSent =
      from === 'Upstream' ? (this.#options.redactor?.whole(event.payload) ?? event.payload) : event.payload;
    const isStripped = this.#options.text !== undefined && from === 'Client';
    const payload = isStripped ? this.#controls.strip(opcode, asSent) : asSent;
    if (opcode === opcodes.ping && from === 'Upstream') this.#controls.notePing(payload);
    // What goes on is not what the client asked for: it would wait for its own bytes in vain.
    if (opcode === opcodes.ping && isStripped)
      await this.#send(source, { opcode: opcodes.pong, isFinal: true, payload: event.payload });
    if (opcode === opcodes.close) this.#noteClose(from, target, payload);
    const isOpen = await this.#send(target, { opcode, isFinal: true, payload });
    return isOpen && opcode !== opcodes.close;
  }

  async #sendData({ from, target, gate }: Direction, event: DataEvent): Promise<boolean> {
    const passed = gate.pass(event);
    if (!passed.ok) return this.#fail(passed.problem, from);
    for (const { type, isStart, isEnd, payload: asSent } of passed.parts) {
      const payload = from === 'Upstream' ? this.#redacted(asSent, isEnd) : asSent;
      const opcode = !isStart ? opcodes.continuation : type === 'Text' ? opcodes.text : opcodes.binary;
      if (from === 'Client') this.#bytesUp += payload.length;
      else this.#bytesDown += payload.length;
      if (!(await this.#send(target, { opcode, isFinal: isEnd, payload }))) return false;
    }
    return true;
  }

  /** Nothing of a message is held back past its end. */
  #redacted(payload: Buffer, isEnd: boolean): Buffer {
    const { redactor } = this.#options;
    if (redactor === undefined) return payload;
    const passing = redactor.push(payload);
    const rest = isEnd ? redactor.end() : undefined;
    return rest === undefined ? passing : Buffer.concat([passing, rest]);
  }

  /** False where nothing more is to be sent. */
  async #send(target: WebSocketEnd, frame: Frame): Promise<boolean> {
    return !this.#isStopped && (await writeBytes(target.stream, this.#encode(target, frame))) && !this.#isStopped;
  }

  /** Masked for the server alone, each frame with a mask of its own. */
  #encode(target: WebSocketEnd, frame: Frame): Buffer {
    return encodeFrame(target === this.#upstream ? { ...frame, mask: randomBytes(4) } : frame);
  }

  /** The other side has so long to answer a close frame. */
  #noteClose(from: Direction['from'], target: WebSocketEnd, payload: Buffer): void {
    this.#closedTo.add(target);
    if (this.#ending !== undefined) return;
    this.#ending = { closeCode: payload.length === 0 ? 1005 : payload.readUInt16BE(0), from };
    this.#closeTimer = setTimeout(() => this.#stop(), this.#options.limits.closeMs);
  }

  /** A connection is gone without a close frame; behind one it may be. */
  #cut(from: Direction['from']): void {
    this.#ending ??= { closeCode: 1006, problem: 'Truncated', from };
    this.#stop();
  }

  #fail(problem: WebSocketProblem, from?: Direction['from']): false {
    if (this.#isStopped) return false;
    const code = closeCodes[problem] ?? 1002;
    this.#ending = { closeCode: code, problem, ...(from === undefined ? {} : { from }) };
    this.#stop();
    // Not awaited: a side that does not read would hold up the other. Whole frames only are written, so it follows one.
    for (const [end, reason] of [[this.#client, problem] as const, [this.#upstream, ''] as const]) {
      const frame = { opcode: opcodes.close, isFinal: true, payload: closePayload(code, reason) };
      if (end.stream.writable && !this.#closedTo.has(end)) end.stream.end(this.#encode(end, frame));
    }
    return false;
  }

  /** Both pumps wake up and end; one that waits for a side that does not read ends with it. */
  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cutTimer = setTimeout(() => {
      for (const end of [this.#client, this.#upstream]) end.stream.destroy();
    }, this.#options.limits.closeMs);
    for (const end of [this.#client, this.#upstream]) end.reader.discardRest();
  }
}
