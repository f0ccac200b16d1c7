// Drives the watch's state machine for a screen: what changed, and how fresh what it shows is. Never gives up.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type StoreChange,
  step,
  type WatchedObject,
  type WatchInput,
  type WatchState,
} from '../../engine/watch/watch-state.ts';
import type { Api } from './api.ts';
import { ApiError } from './api-error.ts';

export interface Follower<T> {
  /** Something came, if only a sign of life. */
  onHeard(): void;
  onChange(change: StoreChange<T & WatchedObject>): void;
  /** It goes on by itself. `refusedWith`: the status of an answer that asking again will hardly change. */
  onTrouble(message: string, refusedWith: number | undefined): void;
}

interface RawList<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}
interface RawStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

const pageSize = 500;
const watchSeconds = '290';
/** Bookmarks come about once a minute: without a byte for longer the connection is half open. */
const silenceMs = 90_000;
const firstPauseMs = 200;
const maxPauseMs = 5_000;
/** What is refused is not granted in a hurry. */
const refusedPauseMs = 10_000;

export async function followCollection<T extends WatchedObject>(
  api: Api,
  path: string,
  follower: Follower<T>,
  signal: AbortSignal,
): Promise<void> {
  let state = { phase: 'Empty' } as WatchState<T>;
  let failures = 0;
  let pauseMs = 0;
  const take = (input: WatchInput<T>): boolean => {
    const next = step(state, input);
    state = next.state;
    const trouble = troubleOf(input);
    if (trouble === undefined) {
      if (input.type !== 'Ended') {
        failures = 0;
        follower.onHeard();
      }
    } else follower.onTrouble(trouble.message, isRefusal(trouble) ? trouble.status : undefined);
    if (next.change) follower.onChange(next.change);
    if (next.wait) {
      const backoffMs = Math.min(maxPauseMs, firstPauseMs * 2 ** failures++);
      pauseMs = trouble !== undefined && isRefusal(trouble) ? refusedPauseMs : backoffMs * (0.5 + Math.random() / 2);
    }
    return state.phase === 'Watching';
  };
  while (!signal.aborted) {
    pauseMs = 0;
    if (state.phase === 'Empty' || state.phase === 'Listing')
      take(await fetchPage<T>(api, path, state.phase === 'Listing' ? state.continueToken : undefined));
    else await follow(api, path, state.resourceVersion, take, signal);
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** No rights, no such kind: somebody has to do something first. */
function isRefusal({ status }: RawFailure): boolean {
  return status === 401 || status === 403 || status === 404;
}

function troubleOf<T extends WatchedObject>(input: WatchInput<T>): RawFailure | undefined {
  if (input.type === 'Failed') return input.failure;
  if (input.type === 'Event' && input.event.type === 'ERROR') return input.event.failure;
  if (input.type === 'Silent') return { status: 0, reason: 'Silent', message: 'the API server has fallen silent' };
  return undefined;
}

async function fetchPage<T extends WatchedObject>(
  api: Api,
  path: string,
  continueToken: string | undefined,
): Promise<WatchInput<T>> {
  const query = new URLSearchParams({
    limit: String(pageSize),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
  });
  try {
    const { items, metadata } = await api.get<RawList<T>>(`${path}?${query.toString()}`);
    return {
      type: 'Page',
      page: {
        items: items ?? [],
        resourceVersion: metadata.resourceVersion ?? '',
        ...(metadata.continue ? { continueToken: metadata.continue } : {}),
      },
    };
  } catch (error) {
    return { type: 'Failed', failure: failureOf(error) };
  }
}

async function follow<T extends WatchedObject>(
  api: Api,
  path: string,
  resourceVersion: string,
  take: (input: WatchInput<T>) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  const either = AbortSignal.any([signal, silence.signal]);
  try {
    const query = { resourceVersion, timeoutSeconds: watchSeconds };
    for await (const raw of api.watch<T>(path, query, either, () => take({ type: 'Opened' }))) {
      timer.refresh();
      if (!take({ type: 'Event', event: readEvent(raw) })) return;
    }
    if (!signal.aborted) take({ type: 'Ended', lastedMs: performance.now() - startedMs });
  } catch (error) {
    if (!signal.aborted)
      take(silence.signal.aborted ? { type: 'Silent' } : { type: 'Failed', failure: failureOf(error) });
  } finally {
    clearTimeout(timer);
  }
}

type RawFailure = Extract<WatchInput<WatchedObject>, { type: 'Failed' }>['failure'];

function readEvent<T extends WatchedObject>({
  type,
  object,
}: {
  readonly type: string;
  readonly object: T;
}): Extract<WatchInput<T>, { type: 'Event' }>['event'] {
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { type, object };
  if (type === 'BOOKMARK') return { type, resourceVersion: object.metadata.resourceVersion ?? '' };
  const { code = 500, reason = 'Unknown', message = `a watch event of type ${type}` } = object as RawStatus;
  return { type: 'ERROR', failure: { status: code, reason, message } };
}

function failureOf(error: unknown): RawFailure {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof ApiError
    ? { status: error.status, reason: error.reason, message }
    : { status: 0, reason: 'NoAnswer', message };
}
