// A collection as it is and as it changes, for as long as somebody looks: lists, watches, and begins again where it must.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import { ApiError } from './api-error.ts';

export type CollectionEvent<T> =
  /** All there is now; comes first, and again after the API server has forgotten where we were (410). */
  | { readonly type: 'Listed'; readonly items: readonly T[] }
  | { readonly type: 'Changed' | 'Deleted'; readonly object: T }
  /** The connection is gone; it is tried again. Said once for each loss. */
  | { readonly type: 'Lost'; readonly message: string };

interface Listed<T> {
  readonly items: readonly T[];
  readonly metadata: { readonly resourceVersion: string };
}
interface Raw {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly code?: number;
  readonly message?: string;
}

const firstPauseMs = 250;
const maxPauseMs = 10_000;
/** The server ends each watch in this time, so that a connection which is dead without a word is noticed. */
const watchSeconds = '240';

/** Until the signal ends. A list that is refused (no rights, no such kind) is thrown; what only is not there now, is not. */
export async function* watchCollection<T>(
  api: Api,
  path: string,
  signal: AbortSignal,
  query: Readonly<Record<string, string>> = {},
): AsyncGenerator<CollectionEvent<T>> {
  let version: string | undefined;
  let pauseMs = firstPauseMs;
  let isLost = false;
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const search = new URLSearchParams(query).toString();
        const list: Listed<T> = await api.get<Listed<T>>(search === '' ? path : `${path}?${search}`);
        version = list.metadata.resourceVersion;
        yield { type: 'Listed', items: list.items };
      }
      const from = { ...query, resourceVersion: version, timeoutSeconds: watchSeconds };
      for await (const { type, object } of api.watch<T & Raw>(path, from, signal)) {
        [pauseMs, isLost] = [firstPauseMs, false];
        if (type === 'ERROR') {
          version = undefined;
          break;
        }
        version = object.metadata?.resourceVersion ?? version;
        if (type === 'ADDED' || type === 'MODIFIED') yield { type: 'Changed', object };
        else if (type === 'DELETED') yield { type: 'Deleted', object };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 410) version = undefined;
      else if (isFinal(error)) throw error;
      else if (!isLost) {
        isLost = true;
        yield { type: 'Lost', message: error instanceof Error ? error.message : String(error) };
      }
    }
    // Nobody's clock matters here: a pause that the signal ends is the end.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
}

/** A refusal that asking again does not change. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && [400, 401, 403, 404, 405].includes(error.status);
}
