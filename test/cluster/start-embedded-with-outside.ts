// An embedded cluster whose nodes' default route ends in an outside world of the same name (test/outside): what leaves a
// pod is seen there, and nothing leaves the machine.
import { createOutside, openOutside } from '../outside/client/create-outside.ts';
import { removeOutside } from '../outside/client/remove-outside.ts';
import type { EmbeddedCluster } from './embedded/embedded-cluster.ts';
import { requireHost } from './embedded/require-host.ts';
import { type EmbeddedOptions, startEmbeddedCluster } from './embedded/start-embedded-cluster.ts';

/** A control plane alone has no pods, and gets no outside world. */
export async function startEmbeddedWithOutside(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  if (options.nodes === 0) return startEmbeddedCluster(options);
  requireHost();
  const { name, owner } = options;
  const outside = (await openOutside(name)) ?? (await createOutside({ name, detached: owner === undefined }));
  const attachment = { netns: outside.netns, dns: outside.dnsAddress };
  const cluster = await startEmbeddedCluster({ ...options, outside: attachment });
  return { ...cluster, down: () => cluster.down().then(() => removeOutside(name)) };
}
