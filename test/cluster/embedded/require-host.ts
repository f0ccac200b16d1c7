import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ClusterError } from '../base/cluster-error.ts';

const alternative = 'or use a cluster you have: CREEL_KUBECONFIG=PATH';

/** The embedded cluster is made of namespaces, control groups and mounts: say at once what is in the way. */
export function requireHost(env: NodeJS.ProcessEnv = process.env): void {
  if (process.platform !== 'linux')
    throw new ClusterError(
      `The embedded Kubernetes needs Linux, and this is ${process.platform}: run in a Linux virtual machine, ${alternative}.`,
    );
  if (process.getuid?.() !== 0)
    throw new ClusterError(
      `The embedded Kubernetes makes network namespaces and needs root: run the command again with sudo, ${alternative}.`,
    );
  const missing = ['ip', 'nsenter', 'flock', 'sysctl'].filter(tool => !onPath(tool, env['PATH'] ?? ''));
  if (missing.length > 0)
    throw new ClusterError(
      `Not found on PATH: ${missing.join(', ')}. Install them (Debian: apt-get install iproute2 util-linux procps), ${alternative}.`,
    );
}

function onPath(tool: string, path: string): boolean {
  return path.split(delimiter).some(folder => existsSync(join(folder, tool)));
}
