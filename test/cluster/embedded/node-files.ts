// The configuration files of a node's programs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { pauseImage } from '../build/base-images.ts';
import { clusterDnsAddress, nodePodCidr, nodePodCidr6, podCidr, podCidr6 } from './addresses.ts';
import { cgroupRootOf } from './cgroups.ts';
import { containerdConfig } from './containerd-config.ts';
import type { ClusterLayout, NodeLayout } from './layout.ts';

export interface NodeFiles {
  /** Comes first in the PATH of the NetworkPolicy controller. */
  readonly netpolPrograms: string;
  readonly containerd: string;
  readonly kubelet: string;
  readonly proxy: string;
}

export interface NodeFileInputs {
  readonly layout: ClusterLayout;
  readonly node: NodeLayout;
  /** The folder of runc and the CNI plugins. */
  readonly cri: string;
  readonly proxyKubeconfig: string;
  /** What pods with dnsPolicy Default ask; none without an outside. */
  readonly nameServers: readonly string[];
}

export function writeNodeFiles(inputs: NodeFileInputs): NodeFiles {
  const { layout, node, cri, proxyKubeconfig, nameServers } = inputs;
  const file = (name: string) => join(node.folder, name);
  mkdirSync(file('cni'), { recursive: true });
  // containerd would make it as its own root: closed to the roots of pods with a user namespace, which lie further below.
  mkdirSync(file('containerd'), { recursive: true, mode: 0o711 });
  mkdirSync(file('cni-plugins'), { recursive: true });
  writeFileSync(file(`cni-plugins/${noDadPlugin}`), noDadScript, { mode: 0o755 });
  writeFileSync(file('resolv.conf'), nameServers.map(address => `nameserver ${address}\n`).join(''));
  writeFileSync(file('cni/10-creel.conflist'), JSON.stringify(cniConfig(node), undefined, 2));
  mkdirSync(file('netpol-programs'), { recursive: true });
  writeFileSync(file('netpol-programs/ip6tables-restore'), ip6tablesRestoreScript, { mode: 0o755 });
  writeFileSync(file('containerd.toml'), containerdConfig(node, cri, pauseImage));
  writeFileSync(file('kubelet.yaml'), yaml(kubeletConfig(layout, node)));
  writeFileSync(file('proxy.yaml'), yaml(proxyConfig(node, proxyKubeconfig)));
  return {
    netpolPrograms: file('netpol-programs'),
    containerd: file('containerd.toml'),
    kubelet: file('kubelet.yaml'),
    proxy: file('proxy.yaml'),
  };
}

const noDadPlugin = 'creel-no-dad';

/** Without it every pod would wait more than a second for IPv6 to prove that nobody else has its address. */
const noDadScript = `#!/bin/sh
case "$CNI_COMMAND" in
ADD) nsenter --net="$CNI_NETNS" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 &&
  echo '{"cniVersion":"1.0.0","interfaces":[],"ips":[],"routes":[],"dns":{}}' ;;
VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}' ;;
esac
`;

/**
 * kube-router 2.1 makes its IPv6 sets with a prefix to their names and then writes rules without it, which are refused:
 * IPv6 would silently stay open. The names are mended on their way.
 */
const ip6tablesRestoreScript = `#!/bin/sh
PATH="\${PATH#*:}"
sed -E 's/--match-set KUBE-/--match-set inet6:KUBE-/g' | ip6tables-restore "$@"
`;

/** Each pod has a point-to-point link to its node: all traffic between pods is routed, where NetworkPolicy sees it. */
function cniConfig(node: NodeLayout): unknown {
  const ipam = {
    type: 'host-local',
    dataDir: join(node.folder, 'ipam'),
    ranges: [[{ subnet: nodePodCidr(node.index) }], [{ subnet: nodePodCidr6(node.index) }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  };
  return { cniVersion: '1.0.0', name: 'creel', plugins: [{ type: noDadPlugin }, { type: 'ptp', ipMasq: false, ipam }] };
}

function kubeletConfig(layout: ClusterLayout, node: NodeLayout): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(layout.pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroupRootOf(layout, node),
    // Control groups of version 1 still work; the machine may have nothing newer.
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    clusterDNS: [clusterDnsAddress],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${node.containerdSocket}`,
    resolvConf: join(node.folder, 'resolv.conf'),
    podLogsDir: join(node.folder, 'pod-logs'),
    volumePluginDir: join(node.folder, 'volume-plugins'),
    seccompDefault: true,
    // Test machines are often nearly full: only a disk that is really full evicts, and images stay.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    readOnlyPort: 0,
    maxPods: 200,
    // Requests to the API server are not what a test wants to wait for.
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    registryPullQPS: 0,
    // Secrets and config maps by watch: a change is there at the next sync, not after a cache's life.
    configMapAndSecretChangeDetectionStrategy: 'Watch',
  };
}

function proxyConfig(node: NodeLayout, kubeconfig: string): unknown {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clusterCIDR: `${podCidr},${podCidr6}`,
    clientConnection: { kubeconfig },
    // These settings belong to the machine, not to the namespace.
    conntrack: { maxPerCore: 0, min: 0 },
    hostnameOverride: node.name,
    metricsBindAddress: '127.0.0.1:10249',
  };
}

function yaml(value: unknown): string {
  return stringify(value, { version: '1.1' });
}
