// For tests against the real API server: the administrator's client, and config maps as objects nobody else cares about.
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { createKubeClient } from '../kube-client.ts';
import { loadKubeconfig } from '../load-kubeconfig.ts';
import { openTransport, type Transport } from '../transport.ts';
import type { KubeClient, KubeObject, ResourceRef } from '../types.ts';

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const configMaps: ResourceRef<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export interface AdminClient {
  readonly client: KubeClient;
  readonly transport: Transport;
}

export async function adminClient(signal: AbortSignal, server?: string): Promise<AdminClient> {
  const connection = await loadKubeconfig(currentCluster().kubeconfigPath);
  const transport = openTransport(
    server === undefined ? connection : { ...connection, server, serverName: 'kubernetes' },
  );
  return { transport, client: createKubeClient({ transport, fieldManager: 'creel-test', signal }) };
}
