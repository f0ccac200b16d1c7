// A watch as a closed state machine: Empty → Listing → Listed → Watching, and back to Empty when the past is lost.
// Pure: `step` says what the store must do and whether to wait before the next request.

export interface WatchedObject {
  readonly metadata: { readonly resourceVersion?: string };
}

export interface ListPage<T extends WatchedObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Present while there is more. */
  readonly continueToken?: string;
}

export interface WatchFailure {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  /** From `Retry-After`. */
  readonly retryAfterMs?: number;
}

export type WatchState<T extends WatchedObject> =
  | { readonly phase: 'Empty' }
  | { readonly phase: 'Listing'; readonly items: readonly T[]; readonly continueToken: string }
  | { readonly phase: 'Listed'; readonly resourceVersion: string }
  | { readonly phase: 'Watching'; readonly resourceVersion: string };

export type WatchInput<T extends WatchedObject> =
  | { readonly type: 'Page'; readonly page: ListPage<T> }
  /** The API server accepted the watch. */
  | { readonly type: 'Opened' }
  | { readonly type: 'Event'; readonly event: WatchEvent<T> }
  /** The stream ended as streams do: the server's own time limit. */
  | { readonly type: 'Ended'; readonly lastedMs: number }
  /** No byte for longer than bookmarks are apart: the connection is half open. */
  | { readonly type: 'Silent' }
  | { readonly type: 'Failed'; readonly failure: WatchFailure };

export type WatchEvent<T extends WatchedObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'ERROR'; readonly failure: WatchFailure };

export type StoreChange<T extends WatchedObject> =
  /** All there is: whatever else the store holds was deleted unseen. */
  | { readonly type: 'Replace'; readonly objects: readonly T[] }
  | { readonly type: 'Put' | 'Remove'; readonly object: T };

export interface WatchStep<T extends WatchedObject> {
  readonly state: WatchState<T>;
  readonly change?: StoreChange<T>;
  /** Present: wait before the next request, at least `retryAfterMs` where the server asked for it. */
  readonly wait?: { readonly retryAfterMs?: number };
}

/** A stream that ends sooner is a server in trouble: asking again at once would make it worse. */
const shortestMs = 1_000;

export function step<T extends WatchedObject>(state: WatchState<T>, input: WatchInput<T>): WatchStep<T> {
  switch (input.type) {
    case 'Page':
      return takePage(state, input.page);
    case 'Opened':
      return state.phase === 'Listed' ? { state: { ...state, phase: 'Watching' } } : { state };
    case 'Event':
      return takeEvent(state, input.event);
    case 'Ended':
      return { state: resumable(state), ...(input.lastedMs < shortestMs ? { wait: {} } : {}) };
    case 'Silent':
      return { state: resumable(state) };
    case 'Failed':
      return fail(state, input.failure);
    default:
      return input satisfies never;
  }
}

function takePage<T extends WatchedObject>(state: WatchState<T>, page: ListPage<T>): WatchStep<T> {
  const items = state.phase === 'Listing' ? [...state.items, ...page.items] : page.items;
  if (page.continueToken !== undefined)
    return { state: { phase: 'Listing', items, continueToken: page.continueToken } };
  return {
    state: { phase: 'Listed', resourceVersion: page.resourceVersion },
    change: { type: 'Replace', objects: items },
  };
}

function takeEvent<T extends WatchedObject>(state: WatchState<T>, event: WatchEvent<T>): WatchStep<T> {
  switch (event.type) {
    case 'ERROR':
      return fail(state, event.failure);
    case 'BOOKMARK':
      return { state: { phase: 'Watching', resourceVersion: event.resourceVersion } };
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return {
        state: { phase: 'Watching', resourceVersion: event.object.metadata.resourceVersion ?? '' },
        change: { type: event.type === 'DELETED' ? 'Remove' : 'Put', object: event.object },
      };
    default:
      return event satisfies never;
  }
}

/** 410: what happened since our version is compacted away, or a list's continue token is. Only a whole list helps. */
function fail<T extends WatchedObject>(state: WatchState<T>, failure: WatchFailure): WatchStep<T> {
  if (failure.status === 410) return { state: { phase: 'Empty' }, wait: {} };
  const { retryAfterMs } = failure;
  return { state: resumable(state), wait: retryAfterMs === undefined ? {} : { retryAfterMs } };
}

/** A watch goes on from its version; half a list is none. */
function resumable<T extends WatchedObject>(state: WatchState<T>): WatchState<T> {
  switch (state.phase) {
    case 'Empty':
    case 'Listing':
      return { phase: 'Empty' };
    case 'Listed':
    case 'Watching':
      return { phase: 'Listed', resourceVersion: state.resourceVersion };
    default:
      return state satisfies never;
  }
}
