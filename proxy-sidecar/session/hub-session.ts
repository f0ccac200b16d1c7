// The one session with the hub: an HTTP/2 stream over TLS, a line of JSON a frame, opened again whenever it ends.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { hubServerName } from '../../protocol/constants.ts';
import type { Revision } from '../../protocol/revision.ts';
import { type DownFrame, maxFrameBytes, protocolVersion, sessionPath, type UpFrame } from '../../protocol/session.ts';

export interface HubAddress {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
}

export interface HubSessionOptions {
  readonly sidecar: string;
  /** Read anew for each attempt: address and CA may rotate. */
  readonly address: () => HubAddress;
  readonly token: () => Promise<string>;
  readonly revision: () => Revision | undefined;
  /** Of the memory that counts uses. */
  readonly countedBy: string;
  readonly onFrame: (frame: DownFrame) => void;
  /** The stream stands and `hello` is sent: what has waited can go. */
  readonly onOpen: () => void;
  readonly onEnd: () => void;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface HubSession {
  /** False when there is no session or the hub does not read: the frame is not sent. */
  send(frame: UpFrame): boolean;
  readonly isOpen: boolean;
}

const firstPauseMs = 50;
const longestPauseMs = 3000;
const connectMs = 5000;
const pingEveryMs = 10_000;
const pingMs = 5000;
const maxBufferedBytes = 1024 * 1024;
/** A session that lived this long was a good one: the next attempt comes at once. */
const soundMs = 5000;

/** Keeps a session open until the signal aborts. */
export function startHubSession(options: HubSessionOptions): HubSession {
  let stream: ClientHttp2Stream | undefined;
  void keepOpen(options, opened => (stream = opened));
  return {
    send(frame) {
      if (stream === undefined || stream.destroyed || stream.writableLength > maxBufferedBytes) return false;
      stream.write(`${JSON.stringify(frame)}\n`);
      return true;
    },
    get isOpen() {
      return stream !== undefined && !stream.destroyed;
    },
  };
}

async function keepOpen(
  options: HubSessionOptions,
  setStream: (stream: ClientHttp2Stream | undefined) => void,
): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!options.signal.aborted) {
    const startedMs = performance.now();
    const why = await runOnce(options, setStream);
    setStream(undefined);
    options.onEnd();
    if (options.signal.aborted) return;
    options.log(`hub session ended: ${why}`);
    if (performance.now() - startedMs > soundMs) pauseMs = firstPauseMs;
    await pause(pauseMs * (0.5 + Math.random()), options.signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** One session from connect to end; resolves to why it ended and never rejects. */
async function runOnce(options: HubSessionOptions, setStream: (stream: ClientHttp2Stream) => void): Promise<string> {
  let http2: ClientHttp2Session | undefined;
  try {
    const token = await options.token();
    const { host, port, ca } = options.address();
    http2 = connect(`https://${host}:${port}`, {
      ca,
      servername: hubServerName,
      minVersion: 'TLSv1.3',
      settings: { enablePush: false },
    });
    return await converse(http2, token, options, setStream);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    http2?.destroy();
  }
}

function converse(
  http2: ClientHttp2Session,
  token: string,
  options: HubSessionOptions,
  setStream: (stream: ClientHttp2Stream) => void,
): Promise<string> {
  return new Promise(resolve => {
    const stop = () => end('stopped');
    const deadline = setTimeout(() => end('no answer from the hub'), connectMs);
    const pings = setInterval(() => ping(http2, end), pingEveryMs);
    function end(why: string): void {
      clearTimeout(deadline);
      clearInterval(pings);
      options.signal.removeEventListener('abort', stop);
      http2.destroy();
      resolve(why);
    }
    options.signal.addEventListener('abort', stop, { once: true });
    http2.on('error', error => end(error.message));
    http2.on('close', () => end('the hub closed the connection'));
    const stream = http2.request(
      {
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: sessionPath,
        authorization: `Bearer ${token}`,
      },
      { endStream: false },
    );
    stream.on('error', error => end(error.message));
    stream.on('close', () => end('the hub ended the session'));
    stream.on('response', headers => {
      const status = Number(headers[constants.HTTP2_HEADER_STATUS]);
      if (status !== 200) return end(`the hub refused the session: HTTP ${status}`);
      clearTimeout(deadline);
      const revision = options.revision();
      stream.write(
        `${JSON.stringify({ type: 'hello', protocol: protocolVersion, sidecar: options.sidecar, countedBy: options.countedBy, ...(revision === undefined ? {} : { revision }) })}\n`,
      );
      setStream(stream);
      options.onOpen();
    });
    readLines(stream, line => takeFrame(line, options, end), end);
  });
}

function takeFrame(line: string, options: HubSessionOptions, end: (why: string) => void): void {
  try {
    const frame = JSON.parse(line) as DownFrame;
    if (frame.type === 'close') return end(`the hub says: ${frame.reason}`);
    options.onFrame(frame);
  } catch (error) {
    end(`bad frame from the hub: ${String(error)}`);
  }
}

/** A session over which nothing comes back is dead, whatever TCP believes. */
function ping(http2: ClientHttp2Session, end: (why: string) => void): void {
  if (http2.destroyed) return;
  const timer = setTimeout(() => end('the hub does not answer pings'), pingMs);
  if (!http2.ping(error => (error === null ? clearTimeout(timer) : undefined))) clearTimeout(timer);
}

function readLines(stream: ClientHttp2Stream, onLine: (line: string) => void, end: (why: string) => void): void {
  let parts: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, newline)]).toString('utf8');
      parts = [];
      size = 0;
      from = newline + 1;
      if (line !== '') onLine(line);
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > maxFrameBytes) end('a frame of the hub is too large');
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
