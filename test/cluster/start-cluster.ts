// The one way to get a cluster; the environment says whose: CREEL_KUBECONFIG=PATH, CREEL_CLUSTER=k3s, else our own.

import { ClusterError } from './base/cluster-error.ts';
import type { ProcessIdentity } from './base/process-identity.ts';
import type { Progress } from './base/progress.ts';
import type { Cluster } from './cluster.ts';
import { clusterNameFromEnvironment } from './embedded/cluster-name.ts';
import { startK3sCluster } from './k3s/start-k3s-cluster.ts';
import { openKubeconfigCluster } from './kubeconfig/open-kubeconfig-cluster.ts';
import { startEmbeddedWithOutside } from './start-embedded-with-outside.ts';

export interface ClusterOptions {
  /** Default: CREEL_CLUSTER_NAME, else `creel`. */
  readonly name?: string;
  /** 0: a control plane only, in about 3 s. */
  readonly nodes: number;
  /** etcd waits for the disk (embedded only). */
  readonly fsync?: boolean;
  /** The cluster's default route is the machine's own (embedded only; others have whatever network they have). */
  readonly realNetwork?: boolean;
  /** The process whose end makes the cluster an orphan, to be swept by the next run; without it, it stays until `down`. */
  readonly owner?: ProcessIdentity;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export type ClusterProvider = (options: ClusterOptions & { readonly name: string }) => Promise<Cluster>;

export async function startCluster(options: ClusterOptions, env: NodeJS.ProcessEnv = process.env): Promise<Cluster> {
  return chooseProvider(env)({ ...options, name: options.name ?? clusterNameFromEnvironment(env) });
}

export function chooseProvider(env: NodeJS.ProcessEnv): ClusterProvider {
  const kubeconfig = env['CREEL_KUBECONFIG'];
  if (kubeconfig !== undefined) return options => openKubeconfigCluster(kubeconfig, options);
  const wanted = env['CREEL_CLUSTER'] ?? 'embedded';
  if (wanted === 'embedded') return startEmbeddedWithOutside;
  if (wanted === 'k3s') return startK3sCluster;
  throw new ClusterError(
    `CREEL_CLUSTER=${wanted} is unknown: use embedded (the default) or k3s, or point CREEL_KUBECONFIG at a cluster you have.`,
  );
}
