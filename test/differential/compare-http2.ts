// Requests of an agent over HTTP/2 through the real sidecar side: what went upstream, read by three, is what policy saw.
import assert from 'node:assert/strict';
import { encodeFields, flag, frameType, RawHttp2 } from '../../proxy-sidecar/http2/testing/raw-http2.ts';
import { host, permitted, startHttp2 } from '../../proxy-sidecar/http2/testing/start-http2.ts';
import { assertIsWhatPolicySaw, type Decided, isWhatPolicySaw } from './assert-is-what-policy-saw.ts';
import type { Http2Message } from './http2-fields.ts';
import { readByAll } from './read-by-all.ts';
import type { Reader } from './start-reader.ts';
import { startRecordingUpstream } from './start-recording-upstream.ts';

export interface ComparingHttp2 {
  /** Sends them one after the other over one connection; how many upstream received. */
  readonly check: (messages: readonly Http2Message[]) => Promise<number>;
  readonly close: () => Promise<void>;
}

const maxBodyBytes = 65_536;

/** Every second request is decided with its body. */
export async function startComparingHttp2(kind: 'h1' | 'h2', readers: readonly Reader[]): Promise<ComparingHttp2> {
  const upstream = await startRecordingUpstream(kind);
  const decided: Decided[] = [];
  const proxy = await startHttp2({
    upstream: () => ({ port: upstream.port, alpn: kind === 'h1' ? 'http/1.1' : 'h2' }),
    decide: (head, body) => {
      if (body === undefined && decided.length % 2 === 1) return { verdict: 'NeedsBody', maxBytes: maxBodyBytes };
      decided.push({ head, ...(body === undefined ? {} : { body }) });
      return permitted;
    },
    limits: { wastedStreams: { burst: 1e9, perSecond: 1e9 } },
  });
  return {
    async check(messages) {
      decided.length = 0;
      upstream.reset();
      await send(proxy.port, messages);
      await proxy.served();
      await upstream.idle();
      const read = await readByAll(kind, upstream, readers);
      assert.ok(read.length <= decided.length, 'more arrived than was decided on');
      // One that was decided on may have been given up before it was sent; the order stays.
      let from = 0;
      for (const request of read) {
        const at = decided.findIndex((one, index) => index >= from && isWhatPolicySaw(request, one, host));
        if (at < 0) assertIsWhatPolicySaw(request, decided[from], host);
        from = at + 1;
      }
      return read.length;
    },
    close: async () => {
      await proxy.close();
      upstream.close();
    },
  };
}

async function send(port: number, messages: readonly Http2Message[]): Promise<void> {
  const raw = await RawHttp2.connect(port);
  for (const [at, { fields, body }] of messages.entries()) {
    const stream = 2 * at + 1;
    const ends = body === undefined ? flag.END_STREAM : 0;
    raw.send(frameType.HEADERS, flag.END_HEADERS | ends, stream, encodeFields(fields));
    if (body !== undefined) raw.send(frameType.DATA, flag.END_STREAM, stream, Buffer.from(body));
    const end = await raw.frame(
      frame =>
        frame.type === frameType.GOAWAY ||
        (frame.stream === stream &&
          (frame.type === frameType.RST_STREAM || (frame.type <= frameType.HEADERS && (frame.flags & 1) === 1))),
    );
    if (end === undefined || end.type === frameType.GOAWAY) break;
  }
  raw.socket.destroy();
}
