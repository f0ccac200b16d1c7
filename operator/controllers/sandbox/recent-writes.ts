// What we wrote and the watch has not brought yet: without it the next reconcile would undo or repeat its own work.
import type { KubeObject } from '../../../kube/types.ts';

const keptMs = 5_000;

export class RecentWrites<T extends KubeObject = KubeObject> {
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, { readonly object: T; readonly untilMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  remember(key: string, object: T): void {
    this.#kept.set(key, { object, untilMs: this.#nowMs() + keptMs });
  }

  /** The newer of what the store has and what was written; the store's, once it has caught up or the time is over. */
  newest(key: string, stored: T | undefined): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return stored;
    const isNewer = stored === undefined || versionOf(kept.object) > versionOf(stored);
    if (isNewer && this.#nowMs() < kept.untilMs) return kept.object;
    this.#kept.delete(key);
    return stored;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}

/** Resource versions of one resource grow (KEP-5504). */
function versionOf({ metadata }: KubeObject): bigint {
  return BigInt(metadata.resourceVersion ?? 0);
}
