// k3s in a container, where Docker runs.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { K3sContainer, StartedK3sContainer } from '@testcontainers/k3s';
import { ClusterError } from '../base/cluster-error.ts';
import type { BuildContext } from '../build/build-once.ts';
import type { Cluster } from '../cluster.ts';
import { findClusterTools } from '../kubeconfig/cluster-tools.ts';
import { openExternalCluster } from '../kubeconfig/external-cluster.ts';
import { dockerObstacle } from './docker-obstacle.ts';

const image = 'rancher/k3s:v1.35.4-k3s1';

export async function startK3sCluster({
  name,
  ...context
}: BuildContext & { readonly name: string }): Promise<Cluster> {
  const obstacle = dockerObstacle();
  if (obstacle !== undefined)
    throw new ClusterError(`CREEL_CLUSTER=k3s needs Docker: ${obstacle}. Unset it to use the embedded cluster.`);
  context.progress(`starting ${image}`);
  const container = await (await newContainer()).start();
  const kubeconfigPath = join(mkdtempSync(join(tmpdir(), 'creel-k3s-')), 'kubeconfig');
  writeFileSync(kubeconfigPath, container.getKubeConfig(), { mode: 0o600 });
  return openExternalCluster({
    provider: 'k3s',
    name,
    kubeconfigPath,
    tools: await findClusterTools(context),
    importImages: async archives => {
      for (const archive of archives) await importArchive(container, archive);
    },
    down: async () => {
      await container.stop();
    },
  });
}

/** Loaded late: it is large, and only this provider needs it. */
async function newContainer(): Promise<K3sContainer> {
  const library = await import('@testcontainers/k3s');
  return new library.K3sContainer(image);
}

async function importArchive(container: StartedK3sContainer, archive: string): Promise<void> {
  const target = `/tmp/${basename(archive)}`;
  await container.copyFilesToContainer([{ source: archive, target }]);
  const { exitCode, output } = await container.exec(['ctr', '-n', 'k8s.io', 'images', 'import', target]);
  if (exitCode !== 0) throw new Error(`k3s could not import ${archive}: ${output}`);
}
