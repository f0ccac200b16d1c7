// Drives the state machine against the API server until the signal aborts: list, watch, and never give up.
import { type StoreChange, step, type WatchInput, type WatchState } from '../engine/watch/watch-state.ts';
import { ApiError } from './api-error.ts';
import { apiPath } from './api-path.ts';
import { backoffMs } from './backoff.ts';
import { pageQuery, type RawList, readPage } from './list-page.ts';
import { readFailure } from './read-failure.ts';
import type { Transport } from './transport.ts';
import type { ApiFailure, Clock, KubeObject, ListOptions, ResourceRef } from './types.ts';
import { wait } from './wait.ts';
import { WatchEventDecoder } from './watch-events.ts';

export interface WatchOptions<T extends KubeObject> {
  readonly resource: ResourceRef<T>;
  readonly scope?: ListOptions;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  /** Runs in the tick in which the event's bytes arrived. */
  readonly onChange: (change: StoreChange<T>) => void;
  /** What interrupted the watch; it goes on by itself. */
  readonly onTrouble: (trouble: WatchTrouble) => void;
  /** Without a byte for so long the connection counts as half open; bookmarks come about once a minute. */
  readonly silenceMs?: number;
}

export interface WatchTrouble {
  readonly resource: string;
  readonly failure: ApiFailure;
}

const requestTimeoutMs = 30_000;
const defaultSilenceMs = 90_000;
/** The server ends the watch by itself after this and some: connections are spread over API servers again. */
const watchSeconds = 290;
const retry = { firstMs: 200, maxMs: 10_000 };

export async function runWatch<T extends KubeObject>(options: WatchOptions<T>, signal: AbortSignal): Promise<void> {
  const watch = new Watch(options);
  while (!signal.aborted) {
    await watch.advance(signal);
    if (watch.waitMs > 0) await wait(watch.waitMs, options.clock, signal);
  }
}

class Watch<T extends KubeObject> {
  readonly #options: WatchOptions<T>;
  #state: WatchState<T> = { phase: 'Empty' };
  #failures = 0;
  /** Before the next request. */
  waitMs = 0;

  constructor(options: WatchOptions<T>) {
    this.#options = options;
  }

  /** One request: a page of the list, or a watch for as long as it lasts. */
  async advance(signal: AbortSignal): Promise<void> {
    const state = this.#state;
    this.waitMs = 0;
    if (state.phase === 'Empty') this.#take(await fetchPage(undefined, this.#options, signal));
    else if (state.phase === 'Listing') this.#take(await fetchPage(state.continueToken, this.#options, signal));
    else await follow(state.resourceVersion, input => this.#take(input), this.#options, signal);
  }

  /** True while the stream is to be read on. */
  #take(input: WatchInput<T>): boolean {
    const { random, onChange, onTrouble, resource } = this.#options;
    const { state, change, wait: pause } = step(this.#state, input);
    this.#state = state;
    if (change) onChange(change);
    const failure = failureOf(input);
    if (failure) onTrouble({ resource: resource.plural, failure });
    else if (input.type === 'Page' || input.type === 'Event') this.#failures = 0;
    if (pause) this.waitMs = Math.max(pause.retryAfterMs ?? 0, backoffMs(this.#failures++, { ...retry, random }));
    return state.phase === 'Watching';
  }
}

function failureOf<T extends KubeObject>(input: WatchInput<T>): ApiFailure | undefined {
  if (input.type === 'Failed') return input.failure;
  if (input.type === 'Event' && input.event.type === 'ERROR') return input.event.failure;
  if (input.type === 'Silent')
    return { status: 0, reason: 'Silent', message: 'no byte for longer than bookmarks are apart' };
  return undefined;
}

async function fetchPage<T extends KubeObject>(
  continueToken: string | undefined,
  { resource, scope = {}, transport }: WatchOptions<T>,
  signal: AbortSignal,
): Promise<WatchInput<T>> {
  try {
    const { status, body, retryAfterMs } = await transport.send({
      method: 'GET',
      path: apiPath(resource, scope),
      query: pageQuery(scope, continueToken),
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    const value = JSON.parse(await body.text()) as unknown;
    if (status !== 200) return { type: 'Failed', failure: readFailure(status, value, retryAfterMs) };
    return { type: 'Page', page: readPage(resource, value as RawList<T>) };
  } catch (error) {
    return { type: 'Failed', failure: failureFrom(error) };
  }
}

/** One watch request from its first byte to its last; `take` says whether to read on. */
async function follow<T extends KubeObject>(
  resourceVersion: string,
  take: (input: WatchInput<T>) => boolean,
  { resource, scope = {}, transport, silenceMs = defaultSilenceMs }: WatchOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const { status, body, retryAfterMs } = await transport.send({
      method: 'GET',
      path: apiPath(resource, scope),
      query: watchQuery(scope, resourceVersion),
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (status !== 200) {
      const failure = readFailure(status, safeJson(await body.text()), retryAfterMs);
      take({ type: 'Failed', failure });
      return;
    }
    take({ type: 'Opened' });
    const decoder = new WatchEventDecoder<T>();
    for await (const chunk of body) {
      timer.refresh();
      for (const event of decoder.push(chunk)) if (!take({ type: 'Event', event })) return;
    }
    take({ type: 'Ended', lastedMs: performance.now() - startedMs });
  } catch (error) {
    if (signal.aborted) return;
    take(silence.signal.aborted ? { type: 'Silent' } : { type: 'Failed', failure: failureFrom(error) });
  } finally {
    clearTimeout(timer);
  }
}

function watchQuery(scope: ListOptions, resourceVersion: string): Record<string, string> {
  const { limit: _, ...selectors } = pageQuery(scope, undefined);
  return {
    ...selectors,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(watchSeconds),
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not a Status: a proxy's page, or nothing. The HTTP status says enough.
    return undefined;
  }
}

function failureFrom(error: unknown): ApiFailure {
  if (error instanceof ApiError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { status: 0, reason: 'NoAnswer', message };
}
