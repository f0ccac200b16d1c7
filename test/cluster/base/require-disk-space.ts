import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { ClusterError } from './cluster-error.ts';

/** Refuses early, with the remedy, what would otherwise fail half-way with an obscure message. */
export async function requireDiskSpace(folder: string, neededMiB: number, purpose: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB >= neededMiB) return;
  throw new ClusterError(
    `${purpose} needs ${neededMiB} MiB free at ${folder}, and there are ${freeMiB}. ` +
      'Free some disk (`go clean -cache` empties the Go build cache), or point CREEL_CACHE, GOCACHE or CREEL_CLUSTER_STATE at a larger one.',
  );
}
