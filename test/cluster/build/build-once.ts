// The cache of built things: a folder per set of inputs, complete or absent, built by one process at a time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../base/folders.ts';
import type { Progress } from '../base/progress.ts';
import { withFileLock } from '../base/with-file-lock.ts';

export interface Artifact {
  /** Names the folder, the lock and the lines of progress. */
  readonly name: string;
  /** Everything the result depends on; another value is another folder. */
  readonly inputs: readonly string[];
  /** Fills the (empty) folder it is given. */
  readonly build: (folder: string) => Promise<void>;
}

export interface BuildContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The folder of the artifact in the cache, built now if no earlier run built the same. */
export async function buildOnce(artifact: Artifact, { progress, signal }: BuildContext): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, `${artifact.name}-${digestOf(artifact.inputs)}`);
  if (existsSync(folder)) return folder;
  return withFileLock(join(cache, 'locks', artifact.name), signal, async () => {
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial`;
    removePartials(cache, artifact.name);
    mkdirSync(partial, { recursive: true });
    const startedMs = Date.now();
    await artifact.build(partial);
    renameSync(partial, folder);
    progress(`${artifact.name} built in ${((Date.now() - startedMs) / 1000).toFixed(1)} s (kept in ${folder})`);
    return folder;
  });
}

function digestOf(inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(`${Buffer.byteLength(input)}:${input}`);
  return hash.digest('hex').slice(0, 12);
}

/** What a killed build left; nobody else builds this artifact while we hold its lock. */
function removePartials(cache: string, name: string): void {
  for (const entry of readdirSync(cache))
    if (entry.startsWith(`${name}-`) && entry.endsWith('.partial')) rmSync(join(cache, entry), { recursive: true });
}
