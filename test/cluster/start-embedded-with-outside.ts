// An embedded cluster whose nodes' default route ends in an outside world of the same name (test/outside): what leaves a
// pod is seen there, and nothing leaves the machine, unless the real network was asked for.
import { createOutside, openOutside } from '../outside/client/create-outside.ts';
import { removeOutside } from '../outside/client/remove-outside.ts';
import { ClusterError } from './base/cluster-error.ts';
import { readClusterRecord } from './embedded/cluster-record.ts';
import type { EmbeddedCluster } from './embedded/embedded-cluster.ts';
import { readMachineNetwork } from './embedded/machine-network.ts';
import { requireHost } from './embedded/require-host.ts';
import { type EmbeddedOptions, startEmbeddedCluster } from './embedded/start-embedded-cluster.ts';

type Options = Omit<EmbeddedOptions, 'outside' | 'realNetwork'> & { readonly realNetwork?: boolean };

/** A control plane alone has no pods, and gets no outside world. */
export async function startEmbeddedWithOutside({ realNetwork = false, ...options }: Options): Promise<EmbeddedCluster> {
  if (options.nodes === 0) return startEmbeddedCluster(options);
  requireHost();
  requireSameNetwork(options.name, realNetwork);
  if (realNetwork) return startEmbeddedCluster({ ...options, realNetwork: await readMachineNetwork() });
  const { name, owner } = options;
  const outside = (await openOutside(name)) ?? (await createOutside({ name, detached: owner === undefined }));
  const attachment = { netns: outside.netns, nameServers: [outside.dnsAddress] };
  const cluster = await startEmbeddedCluster({ ...options, outside: attachment });
  return { ...cluster, down: () => cluster.down().then(() => removeOutside(name)) };
}

/** Pods that run cannot be moved from one network to the other. */
function requireSameNetwork(name: string, realNetwork: boolean): void {
  const record = readClusterRecord(name);
  if (record === undefined || record.nodeCount === 0 || (record.uplink !== undefined) === realNetwork) return;
  const [is, asked] = realNetwork ? ['without', 'with'] : ['with', 'without'];
  throw new ClusterError(
    `The cluster '${name}' was started ${is} the real network, and is asked for ${asked} it: take it down first with npm run cluster -- down --name ${name}`,
  );
}
