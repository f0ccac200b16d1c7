import { z } from 'zod';
import { waitUntil } from '../base/wait-until.ts';
import { apiRequest } from './api-request.ts';
import type { ClusterLayout, NodeLayout } from './layout.ts';
import { logTail } from './managed-process.ts';

const nodeSchema = z.object({
  spec: z.object({ taints: z.array(z.unknown()).optional() }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
});

/** Waits until the node is Ready and the scheduler may use it. */
export async function waitForNode(layout: ClusterLayout, node: NodeLayout, signal: AbortSignal): Promise<void> {
  await waitUntil(
    async () => {
      const response = await apiRequest(layout.kubeconfig, 'GET', `/api/v1/nodes/${node.name}`);
      if (response.status !== 200) return undefined;
      const { spec, status } = nodeSchema.parse(JSON.parse(response.body));
      const ready = status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True');
      return ready && (spec.taints ?? []).length === 0 ? true : undefined;
    },
    {
      what: `${node.name} to be Ready`,
      timeoutMs: 90_000,
      signal,
      explain: () => logTail(layout, `${node.name}-kubelet`),
    },
  );
}
