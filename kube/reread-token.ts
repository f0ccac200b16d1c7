import { readFile } from 'node:fs/promises';

/** The kubelet replaces a projected token well before it ends; a minute-old copy is always good. */
const maxAgeMs = 60_000;

/** The token in this file, read again once a minute. */
export function rereadToken(path: string): () => Promise<string> {
  let held: { readonly token: string; readonly readAtMs: number } | undefined;
  return async () => {
    const nowMs = performance.now();
    if (held === undefined || nowMs - held.readAtMs > maxAgeMs)
      held = { token: (await readFile(path, 'utf8')).trim(), readAtMs: nowMs };
    return held.token;
  };
}
