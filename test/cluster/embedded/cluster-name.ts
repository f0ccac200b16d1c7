import { ClusterError } from '../base/cluster-error.ts';

/** Names of namespaces and folders derive from it; 20 characters leave room for what is added. */
const pattern = /^[a-z][a-z0-9-]{0,18}[a-z0-9]$/;

export function parseClusterName(text: string): string {
  if (pattern.test(text)) return text;
  throw new ClusterError(
    `The cluster name '${text}' is not usable: 2 to 20 lower-case letters, digits and dashes, a letter first (--name, CREEL_CLUSTER_NAME).`,
  );
}

export function clusterNameFromEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return parseClusterName(env['CREEL_CLUSTER_NAME'] ?? 'creel');
}
