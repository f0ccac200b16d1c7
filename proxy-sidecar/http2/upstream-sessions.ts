// The upstream connections behind one agent connection: an HTTP/2 session a permit, shared by streams, or HTTP/1.1
// connections, one a stream at a time.
import { type ClientHttp2Session, connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Permit } from '../../engine/decide/permit.ts';
import type { DialledUpstream, ServeHttp2Options } from './serve-http2-options.ts';

export type AcquiredUpstream =
  | { readonly ok: true; readonly alpn: 'h2'; readonly session: ClientHttp2Session; readonly isFresh: boolean }
  | { readonly ok: true; readonly alpn: 'http/1.1'; readonly stream: Duplex }
  | { readonly ok: false; readonly problem: string };

const aborted = { ok: false, problem: 'Aborted' } as const;

/** Fields given twice are for the server to judge; node's types know this option for servers only. */
const repeatable = { strictSingleValueFields: false };

export class UpstreamSessions {
  readonly #options: Pick<ServeHttp2Options, 'dialUpstream' | 'limits' | 'signal'>;
  readonly #sessions = new Map<string, ClientHttp2Session>();
  /** First dials under way: what they find out about ALPN decides whether others dial at all. */
  readonly #dialling = new Map<string, Promise<unknown>>();
  readonly #open = new Set<{ destroy(): unknown }>();
  /** The agent's connection is over: what is being dialled is nobody's. */
  readonly #end = new AbortController();

  constructor(options: Pick<ServeHttp2Options, 'dialUpstream' | 'limits' | 'signal'>) {
    this.#options = options;
  }

  async acquire(permit: Permit): Promise<AcquiredUpstream> {
    const key = JSON.stringify([permit.host, permit.port, permit.addresses, permit.allow.id]);
    const first = this.#dialling.get(key);
    // Awaiting nothing would let streams of one tick pass each other here, each to a dial of its own.
    if (first !== undefined) await first;
    const known = this.#sessions.get(key);
    if (known !== undefined && isUsable(known)) return { ok: true, alpn: 'h2', session: known, isFresh: false };
    const dialling = this.#dial(permit, key);
    if (!this.#dialling.has(key)) {
      this.#dialling.set(key, dialling);
      // Only the first streams wait for each other; an HTTP/1.1 server gets a connection a stream, dialled at once.
      const forget = () => void this.#dialling.delete(key);
      // Whoever dials hears of an error; this is no second one, which nobody would hear.
      void dialling.then(forget, forget);
    }
    return await dialling;
  }

  close(): void {
    this.#end.abort();
    for (const open of this.#open) open.destroy();
    this.#sessions.clear();
  }

  async #dial(permit: Permit, key: string): Promise<AcquiredUpstream> {
    const signal = AbortSignal.any([this.#options.signal, this.#end.signal]);
    if (signal.aborted) return aborted;
    const dialled: DialledUpstream = await this.#options.dialUpstream(permit, signal);
    if (!dialled.ok) return dialled;
    if (signal.aborted) {
      dialled.stream.destroy();
      return aborted;
    }
    this.#track(dialled.stream);
    if (dialled.alpn === 'http/1.1') return { ok: true, alpn: 'http/1.1', stream: dialled.stream };
    const session = this.#startSession(permit, dialled.stream, key);
    return { ok: true, alpn: 'h2', session, isFresh: true };
  }

  #startSession(permit: Permit, stream: Duplex, key: string): ClientHttp2Session {
    const { limits } = this.#options;
    const session = connect(`https://${permit.host.includes(':') ? `[${permit.host}]` : permit.host}`, {
      createConnection: () => stream,
      maxSessionMemory: limits.maxSessionMiB,
      maxHeaderListPairs: limits.http.maxFields + 1,
      maxReservedRemoteStreams: 0,
      ...repeatable,
      settings: {
        enablePush: false,
        initialWindowSize: limits.upstreamWindowBytes,
        maxHeaderListSize: limits.http.maxHeadBytes,
      },
    });
    // Without an error, streams under way would look as if they had ended well.
    stream.once('end', () => session.destroy(new Error('upstream ended the connection')));
    // Streams tell what a session's failure meant for them.
    session.on('error', () => session.destroy());
    // An agent that leaves in the tick of the dial has the session destroyed before it tells of its connection.
    session.on('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(4 * limits.upstreamWindowBytes);
    });
    session.once('close', () => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    });
    this.#track(session);
    this.#sessions.set(key, session);
    return session;
  }

  #track(open: { destroy(): unknown; once(event: 'close', listener: () => void): unknown }): void {
    this.#open.add(open);
    open.once('close', () => this.#open.delete(open));
  }
}

function isUsable(session: ClientHttp2Session): boolean {
  return !session.closed && !session.destroyed;
}
