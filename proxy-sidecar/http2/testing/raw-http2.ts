// HTTP/2 by hand, for what no client library sends: frames as given, heads in literals without any table.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const frameType = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
export const flag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4 };

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

function encodeFrame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK: literal without indexing, new name, no Huffman (RFC 7541, 6.2.2). */
export function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Buffer<ArrayBuffer> {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), ...[name, value].flatMap(text => encodeText(text))]),
  );
}

function encodeText(text: string): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  return [encodeInteger(bytes.length, 7), bytes];
}

function encodeInteger(value: number, prefixBits: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

export class RawHttp2 {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  isClosed = false;
  #buffered = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  /** Of the peer's preface, what is still to come. */
  #prefaceBytes: number;
  #onFrame: (frame: Frame) => void = () => undefined;

  private constructor(socket: Socket, prefaceBytes = 0) {
    this.socket = socket;
    this.#prefaceBytes = prefaceBytes;
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => this.#onData(data));
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** Connected, with preface and one SETTINGS frame sent. */
  static async connect(port: number, settings = Buffer.alloc(0)): Promise<RawHttp2> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const raw = new RawHttp2(socket);
    socket.write(Buffer.concat([Buffer.from(preface), encodeFrame(frameType.SETTINGS, 0, 0, settings)]));
    return raw;
  }

  /** The server's side of a connection; a SETTINGS frame is the caller's to send. */
  static serve(socket: Socket, onFrame: (raw: RawHttp2, frame: Frame) => void): RawHttp2 {
    const raw = new RawHttp2(socket, preface.length);
    raw.#onFrame = frame => onFrame(raw, frame);
    return raw;
  }

  headers(stream: number, fields: readonly (readonly [string, string])[], endStream = true): void {
    const flags = flag.END_HEADERS | (endStream ? flag.END_STREAM : 0);
    this.send(frameType.HEADERS, flags, stream, encodeFields(fields));
  }

  send(type: number, flags: number, stream: number, payload?: Buffer<ArrayBuffer>): boolean {
    return !this.socket.destroyed && this.socket.write(encodeFrame(type, flags, stream, payload));
  }

  /** The first frame that fits, also one that came before; undefined once the connection is closed without it. */
  async frame(fits: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined || this.isClosed) return found;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  async closed(): Promise<void> {
    if (!this.isClosed) await once(this.socket, 'close');
  }

  #onData(data: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, data]);
    if (this.#prefaceBytes > this.#buffered.length) return;
    this.#buffered = this.#buffered.subarray(this.#prefaceBytes);
    this.#prefaceBytes = 0;
    for (;;) {
      const length = this.#buffered.length < 9 ? Number.POSITIVE_INFINITY : 9 + this.#buffered.readUIntBE(0, 3);
      if (this.#buffered.length < length) break;
      const [type = 0, flags = 0] = this.#buffered.subarray(3, 5);
      const stream = this.#buffered.readUInt32BE(5) & 0x7fffffff;
      const frame = { type, flags, stream, payload: this.#buffered.subarray(9, length) };
      this.#buffered = this.#buffered.subarray(length);
      this.frames.push(frame);
      this.#onFrame(frame);
    }
    this.#wake();
  }
}
