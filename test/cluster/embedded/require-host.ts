import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ClusterError } from '../base/cluster-error.ts';

const alternative = 'or use a cluster you have: CREEL_KUBECONFIG=PATH';

export interface Host {
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
  readonly path: string;
  readonly hasIpv6: boolean;
}

/** The embedded cluster is made of namespaces, control groups and mounts: say at once what is in the way. */
export function requireHost(host: Host = thisHost()): void {
  if (host.platform !== 'linux')
    throw new ClusterError(
      `The embedded Kubernetes needs Linux, and this is ${host.platform}: run in a Linux virtual machine, ${alternative}.`,
    );
  if (host.uid !== 0)
    throw new ClusterError(
      `The embedded Kubernetes makes network namespaces and needs root: run the command again with sudo, ${alternative}.`,
    );
  const missing = ['ip', 'nsenter', 'unshare', 'flock', 'sysctl', 'tar'].filter(tool => !onPath(tool, host.path));
  if (missing.length > 0)
    throw new ClusterError(
      `Not found on PATH: ${missing.join(', ')}. Install them (Debian: apt-get install iproute2 util-linux procps tar), ${alternative}.`,
    );
  if (!host.hasIpv6)
    throw new ClusterError(
      `The kernel runs without IPv6, which the embedded cluster's pods have: start it without ipv6.disable=1, ${alternative}.`,
    );
}

function thisHost(): Host {
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    path: process.env['PATH'] ?? '',
    hasIpv6: existsSync('/proc/net/if_inet6'),
  };
}

function onPath(tool: string, path: string): boolean {
  return path.split(delimiter).some(folder => existsSync(join(folder, tool)));
}
