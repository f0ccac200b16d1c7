// A cluster the user has: nothing is started and nothing is taken down.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { ClusterError } from '../base/cluster-error.ts';
import type { BuildContext } from '../build/build-once.ts';
import type { Cluster } from '../cluster.ts';
import { findClusterTools } from './cluster-tools.ts';
import { openExternalCluster } from './external-cluster.ts';

export async function openKubeconfigCluster(
  path: string,
  { name, ...context }: BuildContext & { readonly name: string },
): Promise<Cluster> {
  if (!existsSync(path))
    throw new ClusterError(
      `CREEL_KUBECONFIG names ${path}, which does not exist; unset it to use the embedded cluster.`,
    );
  return openExternalCluster({
    provider: 'kubeconfig',
    name,
    kubeconfigPath: path,
    tools: await findClusterTools(context),
    importImages: async archives => {
      context.progress(
        `the images of ${archives.map(archive => basename(archive)).join(', ')} must be in the cluster already: ` +
          'push them to a registry it pulls from, or load them into its nodes',
      );
    },
    down: async () => undefined,
  });
}
