// Reads one direction of a WebSocket: every frame checked, payloads handed out as they come, nothing kept but a header.
import { applyMask, type ControlOpcode, opcodes } from './web-socket-frame.ts';
import type { WebSocketProblem } from './web-socket-relay.ts';

export type FrameEvent =
  /** A part of a message, unmasked; several make one. `isEnd` says that the message ends with it. */
  | {
      readonly kind: 'Data';
      readonly type: 'Text' | 'Binary';
      readonly isStart: boolean;
      readonly isEnd: boolean;
      readonly payload: Buffer;
    }
  | { readonly kind: 'Control'; readonly opcode: ControlOpcode; readonly payload: Buffer }
  /** The direction is not to be read further. */
  | { readonly kind: 'Problem'; readonly problem: WebSocketProblem };

/** `used` bytes are done with; without an event more are needed. */
export interface FrameStep {
  readonly used: number;
  readonly event?: FrameEvent;
}

export interface FrameReaderOptions {
  /** True for what a client sends (RFC 6455, 5.1). */
  readonly isMasked: boolean;
  /** Absent: messages of any length. */
  readonly maxMessageBytes?: number;
  readonly maxFragments: number;
}

interface Header {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly length: number;
  readonly mask: Buffer | undefined;
  readonly headerBytes: number;
}

interface Message {
  readonly type: 'Text' | 'Binary';
  readonly utf8: TextDecoder;
  bytes: number;
  fragments: number;
  isStarted: boolean;
}

const maxChunkBytes = 64 * 1024;

export class FrameReader {
  readonly #options: FrameReaderOptions;
  #message: Message | undefined;
  /** The data frame whose payload is under way. */
  #frame: { readonly header: Header; done: number } | undefined;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** True between two messages, where a direction may end. */
  get isBetweenMessages(): boolean {
    return this.#message === undefined;
  }

  read(bytes: Buffer): FrameStep {
    if (this.#frame !== undefined) return this.#readPayload(bytes, 0);
    const header = readHeader(bytes, this.#options.isMasked);
    if (header === undefined) return { used: 0 };
    if (typeof header === 'string') return problem(header);
    if (header.opcode >= 0x8) return readControl(bytes, header);
    const bad = this.#startFrame(header);
    return bad === undefined ? this.#readPayload(bytes.subarray(header.headerBytes), header.headerBytes) : problem(bad);
  }

  #startFrame(header: Header): WebSocketProblem | undefined {
    const { opcode, length } = header;
    if ((opcode === opcodes.continuation) !== (this.#message !== undefined)) return 'BadFragment';
    this.#message ??= {
      type: opcode === opcodes.text ? 'Text' : 'Binary',
      utf8: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
      bytes: 0,
      fragments: 0,
      isStarted: false,
    };
    this.#message.bytes += length;
    this.#message.fragments++;
    if (this.#message.bytes > (this.#options.maxMessageBytes ?? Number.MAX_SAFE_INTEGER)) return 'MessageTooBig';
    if (this.#message.fragments > this.#options.maxFragments) return 'TooManyFragments';
    this.#frame = { header, done: 0 };
    return undefined;
  }

  #readPayload(bytes: Buffer, headerBytes: number): FrameStep {
    const [frame, message] = [this.#frame, this.#message];
    if (frame === undefined || message === undefined) throw new Error('FrameReader: no frame is under way');
    const { header } = frame;
    const length = Math.min(bytes.length, header.length - frame.done, maxChunkBytes);
    const isFrameEnd = frame.done + length === header.length;
    if (length === 0 && !isFrameEnd) return { used: headerBytes };
    const payload = Buffer.from(bytes.subarray(0, length));
    if (header.mask !== undefined) applyMask(payload, header.mask, frame.done);
    frame.done += length;
    const isEnd = isFrameEnd && header.isFinal;
    if (message.type === 'Text' && !isUtf8(message.utf8, payload, isEnd)) return problem('BadUtf8');
    const isStart = !message.isStarted;
    message.isStarted = true;
    if (isFrameEnd) this.#frame = undefined;
    if (isEnd) this.#message = undefined;
    return { used: headerBytes + length, event: { kind: 'Data', type: message.type, isStart, isEnd, payload } };
  }
}

function problem(name: WebSocketProblem): FrameStep {
  return { used: 0, event: { kind: 'Problem', problem: name } };
}

/** Undefined while bytes are missing; what is wrong shows in the first two. */
function readHeader(bytes: Buffer, isMasked: boolean): Header | WebSocketProblem | undefined {
  const [first, second] = bytes;
  if (first === undefined) return undefined;
  if ((first & 0x70) !== 0) return 'ReservedBits';
  const [isFinal, opcode] = [(first & 0x80) !== 0, first & 0x0f];
  if (opcode > 0xa || (opcode > 0x2 && opcode < 0x8)) return 'BadOpcode';
  if (opcode >= 0x8 && !isFinal) return 'BadControlFrame';
  if (second === undefined) return undefined;
  if (((second & 0x80) !== 0) !== isMasked) return 'BadMask';
  if (opcode >= 0x8 && (second & 0x7f) > 125) return 'BadControlFrame';
  const extended = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
  if (bytes.length < 2 + extended) return undefined;
  const length = extended === 0 ? second & 0x7f : readLength(bytes, extended);
  if (length === undefined) return 'BadLength';
  const maskAt = 2 + extended;
  const headerBytes = maskAt + (isMasked ? 4 : 0);
  if (bytes.length < headerBytes) return undefined;
  // A copy: the bytes behind it are the reader's to reuse.
  const mask = isMasked ? Buffer.from(bytes.subarray(maskAt, headerBytes)) : undefined;
  return { isFinal, opcode, length, mask, headerBytes };
}

/** Undefined for a length that is not written in its shortest form, or has more than 53 bits. */
function readLength(bytes: Buffer, extended: number): number | undefined {
  if (extended === 2) return bytes.readUInt16BE(2) < 126 ? undefined : bytes.readUInt16BE(2);
  const length = bytes.readBigUInt64BE(2);
  return length < 65_536n || length > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(length);
}

function readControl(bytes: Buffer, header: Header): FrameStep {
  const end = header.headerBytes + header.length;
  if (bytes.length < end) return { used: 0 };
  const payload = Buffer.from(bytes.subarray(header.headerBytes, end));
  if (header.mask !== undefined) applyMask(payload, header.mask, 0);
  const bad = header.opcode === opcodes.close ? closeProblem(payload) : undefined;
  if (bad !== undefined) return problem(bad);
  return { used: end, event: { kind: 'Control', opcode: header.opcode as ControlOpcode, payload } };
}

/** RFC 6455, 7.4, and the registry of codes behind it. */
function closeProblem(payload: Buffer): WebSocketProblem | undefined {
  if (payload.length === 0) return undefined;
  if (payload.length === 1) return 'BadCloseFrame';
  const code = payload.readUInt16BE(0);
  const isKnown = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
  if (!isKnown) return 'BadCloseFrame';
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return isUtf8(utf8, payload.subarray(2), true) ? undefined : 'BadUtf8';
}

function isUtf8(decoder: TextDecoder, bytes: Buffer, isEnd: boolean): boolean {
  try {
    decoder.decode(bytes, { stream: !isEnd });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
