// serveHttp2 on loopback as a test sees it: a plain connection in place of the terminated one, a gate that keeps what it saw.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import type { Permit } from '../../../engine/decide/permit.ts';
import type { RequestHead } from '../../../engine/decide/request-decision.ts';
import type { GateRecord, GateVerdict } from '../../connection/request-gate.ts';
import { defaultHttp2Limits, type Http2Limits } from '../http2-limits.ts';
import { serveHttp2 } from '../serve-http2.ts';

export const host = 'api.test';

export interface Upstream {
  readonly port: number;
  readonly alpn: 'h2' | 'http/1.1';
}

export interface StartHttp2 {
  readonly upstream: () => Upstream | undefined;
  readonly decide?: (head: RequestHead, body?: Buffer) => GateVerdict;
  readonly limits?: Partial<Http2Limits>;
  /** Default https, whose port may be left out. */
  readonly scheme?: 'http' | 'https';
}

export interface StartedHttp2 {
  readonly port: number;
  readonly asked: { readonly head: RequestHead; readonly body: Buffer | undefined }[];
  readonly records: { readonly head: RequestHead; readonly record: GateRecord }[];
  /** Of requests in flight: what policy would call. */
  readonly watching: Set<() => void>;
  readonly dials: () => number;
  readonly end: AbortController;
  /** Every connection so far, until its end, however it ends. */
  readonly served: () => Promise<unknown>;
  readonly close: () => Promise<void>;
  /** Once so many requests have been recorded. */
  readonly recorded: (count: number) => Promise<void>;
}

export const permitted: GateVerdict = {
  verdict: 'Permit',
  permit: {
    verdict: 'Permit',
    host,
    port: 443,
    addresses: ['127.0.0.1'],
    allow: { by: 'Rule', id: 'test/policy/rule', protocol: 'HTTP', mode: 'Enforce' },
  } as unknown as Permit,
  setFields: [],
};

export async function startHttp2(start: StartHttp2): Promise<StartedHttp2> {
  const asked: StartedHttp2['asked'] = [];
  const records: StartedHttp2['records'] = [];
  const watching = new Set<() => void>();
  const waiting = new Set<() => void>();
  const end = new AbortController();
  let dials = 0;
  const dialUpstream = async () => {
    dials++;
    const upstream = start.upstream();
    if (upstream === undefined) return { ok: false, problem: 'ECONNREFUSED' } as const;
    const stream = connect({ port: upstream.port, host: '127.0.0.1', allowHalfOpen: true });
    stream.on('error', () => undefined);
    await once(stream, 'connect');
    return { ok: true, stream, alpn: upstream.alpn } as const;
  };
  const gate = {
    host,
    port: start.scheme === 'http' ? 80 : 443,
    defaultPort: start.scheme === 'http' ? 80 : 443,
    decide: async (head: RequestHead, body?: Buffer) => {
      asked.push({ head, body });
      return start.decide?.(head, body) ?? permitted;
    },
    watch: (_head: RequestHead, _body: Buffer | undefined, close: () => void) => {
      watching.add(close);
      return () => watching.delete(close);
    },
    record: (head: RequestHead, record: GateRecord) => {
      records.push({ head, record });
      for (const wake of waiting) wake();
    },
  };
  const limits = { ...defaultHttp2Limits, ...start.limits };
  const served = new Set<Promise<void>>();
  const server: Server = createServer({ allowHalfOpen: true }, socket => {
    const serving = serveHttp2(socket, { gate, dialUpstream, limits, signal: end.signal });
    // Told by `close`.
    serving.catch(() => undefined);
    served.add(serving);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    records,
    watching,
    dials: () => dials,
    end,
    served: () => Promise.allSettled(served),
    close: async () => {
      end.abort();
      server.close();
      await Promise.all(served);
    },
    recorded: async count => {
      while (records.length < count) await new Promise<void>(resolve => waiting.add(resolve));
      waiting.clear();
    },
  };
}
