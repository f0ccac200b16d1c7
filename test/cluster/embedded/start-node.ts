// Brings up one node: its namespace, then its programs.
import { existsSync } from 'node:fs';
import { waitUntil } from '../base/wait-until.ts';
import { addressesOf } from './addresses.ts';
import { createClientKubeconfig } from './certificates.ts';
import { createNodeCgroup } from './cgroups.ts';
import type { ClusterRecord } from './cluster-record.ts';
import { importIntoNode } from './import-into-node.ts';
import { type ClusterLayout, type NodeLayout, nodeLayoutOf } from './layout.ts';
import { logTail, startProcess } from './managed-process.ts';
import { createNodeNetwork, routePods, setDefaultRoute } from './network.ts';
import { writeNodeFiles } from './node-files.ts';
import { containerdSpec, kubeletSpec, mountsSpec, networkPolicySpec, proxySpec } from './node-programs.ts';
import { waitForMounts } from './wait-for-mounts.ts';

export interface NodeContext {
  readonly layout: ClusterLayout;
  readonly record: ClusterRecord;
  readonly kube: string;
  readonly cri: string;
  /** Archives of the images that every node has from the start. */
  readonly images: readonly string[];
}

export async function startNode(context: NodeContext, index: number): Promise<void> {
  const { layout, record, kube, cri, images } = context;
  const node = nodeLayoutOf(layout, index);
  const client = (user: string, groups: readonly string[]) => createClientKubeconfig(layout, kube, user, groups);
  const [kubeletKubeconfig, proxyKubeconfig] = await Promise.all([
    client(`system:node:${node.name}`, ['system:nodes']),
    client('system:kube-proxy', []),
    connectNode(context, node),
  ]);
  createNodeCgroup(layout, node);
  const files = writeNodeFiles({
    layout,
    node,
    cri,
    proxyKubeconfig,
    nameServers: record.outside?.nameServers ?? [],
  });
  const { node: nodeAddress, node6: nodeAddress6 } = addressesOf(record.subnet);
  const inputs = {
    layout,
    node,
    files,
    kube,
    cri,
    addresses: [nodeAddress(index), nodeAddress6(index)],
    kubeletKubeconfig,
  };
  await startProcess(layout, mountsSpec(node));
  await waitForMounts(layout, node);
  await startProcess(layout, containerdSpec(inputs));
  await startProcess(layout, proxySpec(inputs));
  await startProcess(layout, networkPolicySpec(inputs));
  await waitForContainerd(layout, node);
  await startProcess(layout, kubeletSpec(inputs));
  for (const archive of images) await importIntoNode(`${cri}/ctr`, node, archive);
}

/** The node's wires, and the routes to and from every node that is there already. */
async function connectNode({ layout, record }: NodeContext, node: NodeLayout): Promise<void> {
  await createNodeNetwork(layout, node, record.subnet);
  await routePods(layout.controlPlaneNetns, node, record.subnet);
  for (let other = 1; other < node.index; other++) {
    const peer = nodeLayoutOf(layout, other);
    await routePods(node.netns, peer, record.subnet);
    await routePods(peer.netns, node, record.subnet);
  }
  if (record.outside === undefined) return;
  await routePods(record.outside.netns, node, record.subnet);
  await setDefaultRoute(node.netns, record.subnet);
}

async function waitForContainerd(layout: ClusterLayout, node: NodeLayout): Promise<void> {
  await waitUntil(() => (existsSync(node.containerdSocket) ? true : undefined), {
    what: `containerd of ${node.name} to listen`,
    timeoutMs: 30_000,
    explain: () => logTail(layout, `${node.name}-containerd`),
  });
}
