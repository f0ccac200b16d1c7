// The programs of one node, in its network namespace and in mounts of its own.
import { join } from 'node:path';
import { serviceCidr } from './addresses.ts';
import type { ClusterLayout, NodeLayout } from './layout.ts';
import type { ProcessSpec } from './managed-process.ts';
import type { NodeFiles } from './node-files.ts';

export interface NodeProgramInputs {
  readonly layout: ClusterLayout;
  readonly node: NodeLayout;
  readonly files: NodeFiles;
  readonly kube: string;
  readonly cri: string;
  /** One of each family. */
  readonly addresses: readonly string[];
  readonly kubeletKubeconfig: string;
}

/** Folders whose path is compiled into kubelet, containerd or CNI; each node sees its own there. */
export const fixedFolders = ['/var/lib/kubelet', '/var/lib/cni', '/var/log/containers', '/run/containerd'] as const;

/** Holds the node's mount namespace: when all of the node's programs are gone, so are its mounts. */
export function mountsSpec(node: NodeLayout): ProcessSpec {
  const binds = fixedFolders.map(folder => {
    const own = join(node.folder, 'fixed', folder);
    return `mkdir -p ${own} ${folder} && mount --bind ${own} ${folder}`;
  });
  // Shared within this namespace, so that kubelet and containers see each other's mounts; private towards the machine.
  const script = [...binds, 'mount --make-rshared /', 'echo mounted', 'exec sleep infinity'].join(' && ');
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script];
  return { name: `${node.name}-mounts`, command, netns: node.netns };
}

export function containerdSpec({ node, files, cri }: NodeProgramInputs): ProcessSpec {
  const command = [join(cri, 'containerd'), '--config', files.containerd];
  return { ...programOf(node, 'containerd', command), env: { PATH: `${cri}:${process.env['PATH'] ?? ''}` } };
}

export function kubeletSpec({ node, files, kube, addresses, kubeletKubeconfig }: NodeProgramInputs): ProcessSpec {
  return programOf(node, 'kubelet', [
    kube,
    'kubelet',
    `--config=${files.kubelet}`,
    `--kubeconfig=${kubeletKubeconfig}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${addresses.join(',')}`,
    `--root-dir=${join(node.folder, 'kubelet')}`,
    `--cert-dir=${join(node.folder, 'kubelet-pki')}`,
  ]);
}

export function proxySpec({ node, files, kube }: NodeProgramInputs): ProcessSpec {
  return programOf(node, 'proxy', [kube, 'proxy', `--config=${files.proxy}`]);
}

export function networkPolicySpec({ layout, node, files, kube }: NodeProgramInputs): ProcessSpec {
  const command = [
    kube,
    'netpol',
    `--kubeconfig=${layout.kubeconfig}`,
    `--hostname-override=${node.name}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    '--enable-ipv6',
  ];
  return {
    ...programOf(node, 'netpol', command),
    env: { PATH: `${files.netpolPrograms}:${process.env['PATH'] ?? ''}` },
  };
}

function programOf(node: NodeLayout, program: string, command: string[]): ProcessSpec {
  return { name: `${node.name}-${program}`, command, netns: node.netns, mountsOf: `${node.name}-mounts` };
}
