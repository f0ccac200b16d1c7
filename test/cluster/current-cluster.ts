// The cluster of this tier, as its global setup started it; for use in test files only.
import { inject } from 'vitest';
import { type EmbeddedCluster, openEmbeddedCluster } from './embedded/embedded-cluster.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

export function currentCluster(): EmbeddedCluster {
  const { name, ...context }: ProvidedCluster = inject('creelCluster');
  return openEmbeddedCluster(name, { ...context, signal: new AbortController().signal });
}
