// An HTTP/2 server by hand that treats its first request badly and every later one well, behind the real adapter.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'vitest';
import { defaultHttp2Limits } from '../http2-limits.ts';
import { flag, frameType, RawHttp2 } from './raw-http2.ts';
import { host, type StartedHttp2, startHttp2 } from './start-http2.ts';

export type Fields = readonly (readonly [string, string])[];
export type Misbehave = (raw: RawHttp2, stream: number) => void;

export const ok: Fields = [[':status', '200']];
export const data = (raw: RawHttp2, stream: number, text: string, flags = flag.END_STREAM) =>
  raw.send(frameType.DATA, flags, stream, Buffer.from(text));
export const uint32 = (...numbers: readonly number[]) => {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, at) => bytes.writeUInt32BE(number, 4 * at));
  return bytes;
};

interface Seen {
  readonly status: number | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>> | undefined;
  readonly body: string;
  readonly code: number;
}

export interface HostileUpstream {
  readonly proxy: StartedHttp2;
  readonly get: (path: string) => Promise<Seen>;
  /** `502 Reason` of an answer in upstream's place, `reset Reason` of one that was broken off; the next is served. */
  readonly fateOf: (
    misbehave: Misbehave,
    statusAfter?: number,
  ) => Promise<{ readonly fate: string; readonly seen: Seen }>;
  readonly close: () => Promise<void>;
}

/** `settings` are those of its first connection. */
export async function startHostileUpstream(settings = Buffer.alloc(0)): Promise<HostileUpstream> {
  let requests = 0;
  let misbehave: Misbehave | undefined;
  const server = createServer(socket => {
    const raw = RawHttp2.serve(socket, (_raw, { type, stream }) => {
      if (type !== frameType.HEADERS) return;
      if (++requests === 1) misbehave?.(raw, stream);
      else raw.headers(stream, ok);
    });
    raw.send(frameType.SETTINGS, 0, 0, connections++ === 0 ? settings : undefined);
  }).listen(0, '127.0.0.1');
  let connections = 0;
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const limits = { http: { ...defaultHttp2Limits.http, idleMs: 1500 } };
  const proxy = await startHttp2({ upstream: () => ({ port, alpn: 'h2' }), limits });
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  session.on('error', () => undefined);

  async function get(path: string): Promise<Seen> {
    const stream = session.request({ ':scheme': 'https', ':authority': host, ':path': path });
    let head: Readonly<Record<string, unknown>> = {};
    let trailers: Seen['trailers'];
    let body = '';
    stream.on('error', () => undefined).setEncoding('utf8');
    stream.on('response', fields => (head = fields));
    stream.on('trailers', fields => (trailers = fields));
    stream.on('data', (text: string) => (body += text));
    await new Promise(resolve => stream.once('close', resolve));
    const status = head[':status'] as number | undefined;
    return { status, fields: head, trailers, body, code: stream.rstCode ?? -1 };
  }

  return {
    proxy,
    get,
    fateOf: async (behaviour, statusAfter = 200) => {
      misbehave = behaviour;
      const seen = await get('/bad');
      await proxy.recorded(1);
      const { status, reason = '' } = proxy.records[0]?.record ?? { status: 0 };
      expect(proxy.watching.size).toBe(0);
      expect(await get('/after')).toMatchObject({ status: statusAfter, code: 0 });
      if (seen.code !== 0) return { fate: `reset ${reason}`, seen };
      expect(seen.status).toBe(status);
      return { fate: `${status} ${reason}`.trim(), seen };
    },
    close: async () => {
      session.destroy();
      server.close();
      await proxy.close();
    },
  };
}
