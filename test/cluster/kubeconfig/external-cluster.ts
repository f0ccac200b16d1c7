// A cluster that is known by nothing but an administrator's kubeconfig.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../base/run-command.ts';
import type { Cluster, ClusterNode } from '../cluster.ts';
import type { ClusterTools } from './cluster-tools.ts';
import { impersonatingKubeconfig } from './impersonating-kubeconfig.ts';

export interface ExternalCluster {
  readonly provider: 'kubeconfig' | 'k3s';
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly tools: ClusterTools;
  readonly importImages: Cluster['importImages'];
  readonly down: Cluster['down'];
}

const nodeListSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })) }),
    }),
  ),
});

export async function openExternalCluster(external: ExternalCluster): Promise<Cluster> {
  const { provider, name, kubeconfigPath, tools, importImages, down } = external;
  const kubectl: Cluster['kubectl'] = (args, options = {}) =>
    runCommand(
      [...tools.kubectl, '--kubeconfig', options.kubeconfigPath ?? kubeconfigPath, ...args],
      options.stdin === undefined ? {} : { stdin: options.stdin },
    );
  const server = 'jsonpath={.clusters[0].cluster.server}';
  return {
    provider,
    name,
    kubeconfigPath,
    apiServerUrl: await kubectl(['config', 'view', '--minify', '--output', server]),
    nodes: parseNodes(await kubectl(['get', 'nodes', '--output', 'json'])),
    kubectl,
    helm: args => runCommand([...tools.helm, '--kubeconfig', kubeconfigPath, ...args]),
    clientFor: async (user, groups = []) => {
      const path = join(mkdtempSync(join(tmpdir(), 'creel-client-')), 'kubeconfig');
      writeFileSync(path, impersonatingKubeconfig(readFileSync(kubeconfigPath, 'utf8'), user, groups), { mode: 0o600 });
      return path;
    },
    importImages,
    down,
  };
}

function parseNodes(json: string): readonly ClusterNode[] {
  return nodeListSchema.parse(JSON.parse(json)).items.map(({ metadata, status }) => ({
    name: metadata.name,
    address: status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '',
  }));
}
