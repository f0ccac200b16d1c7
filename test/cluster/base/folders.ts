// Where things live outside the clone: what is built once, and what a running cluster keeps.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Built binaries and images, kept between runs and shared by clones: CREEL_CACHE, else below the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['CREEL_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'creel');
}

/** One folder per running cluster; on a real disk, since containerd's overlays do not stack on every file system. */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env['CREEL_CLUSTER_STATE'] ?? '/var/lib/creel/clusters';
}
