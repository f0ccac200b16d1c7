// A start that the API server refused is tried again later and later: taking back what was made wakes us by itself,
// and would make a storm of it.
import type { Key } from '../../../kube/types.ts';
import type { Problem } from './problem.ts';

interface Failed {
  /** What a person could have changed to make it succeed. */
  readonly circumstances: string;
  readonly problem: Problem;
  readonly sinceMs: number;
  readonly nextMs: number;
}

const firstMs = 5_000;
const longestMs = 300_000;

export class StartBackoff {
  readonly #failed = new Map<Key, Failed>();

  /** The problem of the last attempt and how long it stands; undefined where a start may be tried. */
  standing(
    key: Key,
    circumstances: string,
    nowMs: number,
  ): { readonly problem: Problem; readonly forMs: number } | undefined {
    const failed = this.#failed.get(key);
    if (failed === undefined || failed.circumstances !== circumstances || failed.nextMs <= nowMs) return undefined;
    return { problem: failed.problem, forMs: failed.nextMs - nowMs };
  }

  failed(key: Key, circumstances: string, problem: Problem, nowMs: number): void {
    const before = this.#failed.get(key);
    const sinceMs = before?.circumstances === circumstances ? before.sinceMs : nowMs;
    const waitMs = Math.min(Math.max(nowMs - sinceMs, firstMs), longestMs);
    this.#failed.set(key, { circumstances, problem, sinceMs, nextMs: nowMs + waitMs });
  }

  forget(key: Key): void {
    this.#failed.delete(key);
  }
}
