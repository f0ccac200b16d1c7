// Every path and name of one embedded cluster, derived from its name alone.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stateRoot } from '../base/folders.ts';

export interface ClusterLayout {
  readonly name: string;
  readonly folder: string;
  readonly record: string;
  readonly processes: string;
  readonly logs: string;
  readonly pki: string;
  readonly kubeconfigs: string;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly etcd: string;
  readonly volumes: string;
  /** Held while the cluster is started or taken down. */
  readonly lock: string;
  /** The namespace of the control plane; it also holds the bridge between the nodes. */
  readonly controlPlaneNetns: string;
  /** Between the nodes and the machine, with --real-network. */
  readonly gatewayNetns: string;
  /** The host's end of the veth into the bridge; at most 15 characters. */
  readonly hostInterface: string;
  /** Below it lie the pods' control groups, in every hierarchy. */
  readonly cgroup: string;
}

export const netnsPrefix = 'cr-';

export function layoutOf(name: string): ClusterLayout {
  const folder = join(stateRoot(), name);
  const kubeconfigs = join(folder, 'kubeconfigs');
  return {
    name,
    folder,
    record: join(folder, 'cluster.json'),
    processes: join(folder, 'processes'),
    logs: join(folder, 'logs'),
    pki: join(folder, 'pki'),
    kubeconfigs,
    kubeconfig: join(kubeconfigs, 'admin.conf'),
    etcd: join(folder, 'etcd'),
    volumes: join(folder, 'volumes'),
    lock: join(stateRoot(), '.locks', name),
    controlPlaneNetns: `${netnsPrefix}${name}-cp`,
    gatewayNetns: `${netnsPrefix}${name}-gw`,
    hostInterface: `cr${createHash('sha256').update(name).digest('hex').slice(0, 8)}h`,
    cgroup: `creel-${name}`,
  };
}

export interface NodeLayout {
  readonly name: string;
  readonly index: number;
  readonly folder: string;
  readonly netns: string;
  readonly containerdSocket: string;
}

/** Nodes count from 1. */
export function nodeLayoutOf(cluster: ClusterLayout, index: number): NodeLayout {
  const folder = join(cluster.folder, `node${index}`);
  return {
    name: `node${index}`,
    index,
    folder,
    netns: `${netnsPrefix}${cluster.name}-n${index}`,
    containerdSocket: join(folder, 'containerd.sock'),
  };
}
