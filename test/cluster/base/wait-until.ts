import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Says what is waited for; part of the error. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
  /** More to say when time is up, such as the end of a log. */
  readonly explain?: () => string;
}

/** Asks until the answer is not undefined; throws when time is up, with the last error that asking gave. */
export async function waitUntil<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  options: WaitOptions,
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  let lastError: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) throw new Error(describe(options, lastError), { cause: lastError });
    await sleep(options.intervalMs ?? 50, undefined, { signal: options.signal });
  }
}

function describe({ what, timeoutMs, explain }: WaitOptions, lastError: unknown): string {
  const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
  const more = explain === undefined ? '' : `\n${explain()}`;
  return `waited ${timeoutMs / 1000} s for ${what}${reason}${more}`;
}
