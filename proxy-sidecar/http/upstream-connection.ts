import type { Duplex } from 'node:stream';
import type { Permit } from '../../engine/decide/permit.ts';
import { ByteReader } from './byte-reader.ts';
import type { Dialled } from './serve-http.ts';

export interface OpenUpstream {
  readonly stream: Duplex;
  readonly reader: ByteReader;
  /** False when it has carried a request before: a closed one may then be an idle time-out and no answer. */
  readonly isFresh: boolean;
}

/** The one upstream connection behind a client's, kept while each new request gets the same permit. */
export class UpstreamConnection {
  readonly #dial: (permit: Permit, signal: AbortSignal) => Promise<Dialled>;
  readonly #signal: AbortSignal;
  #open: { readonly key: string; readonly stream: Duplex; readonly reader: ByteReader } | undefined;
  #isEnded = false;

  constructor(dial: (permit: Permit, signal: AbortSignal) => Promise<Dialled>, signal: AbortSignal) {
    this.#dial = dial;
    this.#signal = signal;
  }

  async get(permit: Permit): Promise<({ readonly ok: true } & OpenUpstream) | { ok: false; problem: string }> {
    const key = JSON.stringify([permit.host, permit.port, permit.addresses, permit.allow.id]);
    const open = this.#open;
    if (open?.key === key && isIdle(open.stream, open.reader)) {
      return { ok: true, stream: open.stream, reader: open.reader, isFresh: false };
    }
    this.close();
    if (this.#isEnded) return ended;
    const dialled = await this.#dial(permit, this.#signal);
    if (!dialled.ok) return dialled;
    // Policy may have changed meanwhile: whoever waits for this has a request that may not leave any more.
    if (this.#isEnded) {
      dialled.stream.destroy();
      return ended;
    }
    const reader = new ByteReader(dialled.stream);
    this.#open = { key, stream: dialled.stream, reader };
    return { ok: true, stream: dialled.stream, reader, isFresh: true };
  }

  close(): void {
    this.#open?.stream.destroy();
    this.#open = undefined;
  }

  /** Closes it, and no other is opened in its place: neither for a dial under way nor to ask again. */
  end(): void {
    this.#isEnded = true;
    this.close();
  }
}

const ended = { ok: false, problem: 'NoLongerAllowed' } as const;

/** Bytes nobody asked for make a connection unusable: they would be read as the next answer. */
function isIdle(stream: Duplex, reader: ByteReader): boolean {
  return stream.writable && stream.readable && reader.buffered.length === 0 && stream.readableLength === 0;
}
