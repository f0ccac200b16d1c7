// The cluster of this tier, as its global setup started it; for use in test files only.
import { inject } from 'vitest';
import { openOutside } from '../outside/client/create-outside.ts';
import type { Outside } from '../outside/client/outside.ts';
import { type EmbeddedCluster, openEmbeddedCluster } from './embedded/embedded-cluster.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

/** The outside world of the kubelet tier's cluster. */
export async function currentOutside(): Promise<Outside> {
  const { name } = inject('creelCluster');
  const outside = await openOutside(name);
  if (outside === undefined) throw new Error(`the outside world of ${name} ended`);
  return outside;
}

export function currentCluster(): EmbeddedCluster {
  const { name, ...context }: ProvidedCluster = inject('creelCluster');
  return openEmbeddedCluster(name, { ...context, signal: new AbortController().signal });
}
