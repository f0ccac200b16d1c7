// Connections to the model server, kept between calls: a TLS handshake costs more than everything else here.
import type { Duplex } from 'node:stream';
import type { Deny } from '../../engine/decide/decision.ts';
import type { Permit } from '../../engine/decide/permit.ts';
import type { Route } from '../../protocol/snapshot.ts';
import { ByteReader } from '../http/byte-reader.ts';
import type { RouteTarget } from './route-target.ts';

export interface PooledConnection {
  readonly stream: Duplex;
  readonly reader: ByteReader;
  /** False: it has served before, and may have been closed while it was idle. */
  readonly isFresh: boolean;
}

export type Acquired = ({ readonly ok: true } & PooledConnection) | { readonly ok: false; readonly problem: string };

export interface PoolPorts {
  /** Resolves the route's host and pins what may be dialled: `classifyAnswers` over `routeAllow(route)`. */
  readonly permitRoute: (route: Route, target: RouteTarget, signal: AbortSignal) => Promise<Permit | Deny>;
  /** With `tls` the certificate is verified for `permit.host`, against public and configured roots. */
  readonly dial: (
    permit: Permit,
    options: { readonly tls: boolean },
    signal: AbortSignal,
  ) => Promise<{ readonly ok: true; readonly stream: Duplex } | { readonly ok: false; readonly problem: string }>;
}

export class UpstreamPool {
  readonly #ports: PoolPorts;
  readonly #maxIdle: number;
  readonly #maxIdleMs: number;
  readonly #idle = new Map<string, { stream: Duplex; reader: ByteReader; timer: NodeJS.Timeout }[]>();

  constructor(ports: PoolPorts, maxIdle = 8, maxIdleMs = 60_000) {
    this.#ports = ports;
    this.#maxIdle = maxIdle;
    this.#maxIdleMs = maxIdleMs;
  }

  /** `fresh` skips the idle ones, for a second try. */
  async acquire(route: Route, target: RouteTarget, fresh: boolean, signal: AbortSignal): Promise<Acquired> {
    const idle = fresh ? undefined : this.#takeIdle(keyOf(route, target));
    if (idle !== undefined) return { ok: true, ...idle, isFresh: false };
    const permit = await this.#ports.permitRoute(route, target, signal);
    if (permit.verdict !== 'Permit') return { ok: false, problem: permit.addressClass ?? permit.reason };
    const dialled = await this.#ports.dial(permit, { tls: target.tls }, signal);
    return dialled.ok
      ? { ok: true, stream: dialled.stream, reader: new ByteReader(dialled.stream), isFresh: true }
      : dialled;
  }

  /** Keeps the connection for the next call of the same endpoint. */
  release(route: Route, target: RouteTarget, { stream, reader, isFresh }: PooledConnection): void {
    const key = keyOf(route, target);
    const list = this.#idle.get(key) ?? [];
    if (list.length >= this.#maxIdle || !isUsable(stream, reader)) {
      stream.destroy();
      return;
    }
    const timer = setTimeout(() => this.#drop(key, stream), this.#maxIdleMs);
    timer.unref();
    if (isFresh) stream.once('close', () => this.#drop(key, stream));
    this.#idle.set(key, [...list, { stream, reader, timer }]);
  }

  /** Ends every idle connection: the route or the policy changed, or the sidecar stops. */
  clear(): void {
    for (const list of this.#idle.values())
      for (const { stream, timer } of list) {
        clearTimeout(timer);
        stream.destroy();
      }
    this.#idle.clear();
  }

  #takeIdle(key: string): { stream: Duplex; reader: ByteReader } | undefined {
    const list = this.#idle.get(key) ?? [];
    for (let entry = list.pop(); entry !== undefined; entry = list.pop()) {
      clearTimeout(entry.timer);
      if (isUsable(entry.stream, entry.reader)) return { stream: entry.stream, reader: entry.reader };
      entry.stream.destroy();
    }
    return undefined;
  }

  #drop(key: string, stream: Duplex): void {
    const list = this.#idle.get(key) ?? [];
    for (const entry of list.filter(candidate => candidate.stream === stream)) clearTimeout(entry.timer);
    const rest = list.filter(candidate => candidate.stream !== stream);
    if (rest.length === 0) this.#idle.delete(key);
    else this.#idle.set(key, rest);
    stream.destroy();
  }
}

/** Everything that decides where the connection leads; a new model or key uses the old connections. */
function keyOf(route: Route, { authority, tls }: RouteTarget): string {
  return JSON.stringify([authority, tls, route.addresses ?? null, route.allowedCidrs]);
}

function isUsable(stream: Duplex, reader: ByteReader): boolean {
  return (
    stream.writable && stream.readable && !reader.isEnded && reader.buffered.length === 0 && stream.readableLength === 0
  );
}
