import type { ClusterRecord } from './cluster-record.ts';
import { type ClusterLayout, nodeLayoutOf } from './layout.ts';
import { connectOutside, isOutsideConnected, routePods } from './network.ts';

/** After the outside world was made anew: its wire and its ways to the pods again; the nodes' routes never went away. */
export async function reconnectOutside(layout: ClusterLayout, record: ClusterRecord, netns: string): Promise<void> {
  if (await isOutsideConnected(netns)) return;
  await connectOutside(layout, netns, record.subnet);
  for (let index = 1; index <= record.nodeCount; index++)
    await routePods(netns, nodeLayoutOf(layout, index), record.subnet);
}
