import { applyAddons, storageSpec } from './addons.ts';
import { schedulerSpec } from './control-plane.ts';
import { nodeLayoutOf } from './layout.ts';
import { startProcess } from './managed-process.ts';
import { type NodeContext, startNode } from './start-node.ts';
import { waitForDns } from './wait-for-dns.ts';
import { waitForNode } from './wait-for-nodes.ts';

/** The nodes after the first `existing` ones, and what a cluster with nodes needs besides; ready when it answers. */
export async function startNodes(context: NodeContext, existing: number, signal: AbortSignal): Promise<void> {
  const { layout, record, kube } = context;
  if (existing === 0) {
    await startProcess(layout, schedulerSpec(layout, kube));
    await startProcess(layout, storageSpec(layout, kube));
  }
  const nameServers = record.outside?.nameServers ?? [];
  const addons = existing > 0 ? undefined : applyAddons(layout, { kube, nameServers });
  // One after the other: each tells the earlier ones the way to its pods.
  for (let index = existing + 1; index <= record.nodeCount; index++) await startNode(context, index);
  await addons;
  for (let index = existing + 1; index <= record.nodeCount; index++)
    await waitForNode(layout, nodeLayoutOf(layout, index), signal);
  await waitForDns(layout, signal);
}
