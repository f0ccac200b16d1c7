import { z } from 'zod';
import { waitUntil } from '../base/wait-until.ts';
import { apiRequest } from './api-request.ts';
import type { ClusterLayout } from './layout.ts';

const path = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';
const schema = z.object({ status: z.object({ availableReplicas: z.int().optional() }) });

/** Waits until CoreDNS serves: the first pod that runs on the cluster, so it also proves that pods can. */
export async function waitForDns(layout: ClusterLayout, signal: AbortSignal): Promise<void> {
  await waitUntil(
    async () => {
      const response = await apiRequest(layout.kubeconfig, 'GET', path);
      if (response.status !== 200) return undefined;
      return (schema.parse(JSON.parse(response.body)).status.availableReplicas ?? 0) > 0 ? true : undefined;
    },
    { what: 'CoreDNS, the first pod of the cluster, to be available', timeoutMs: 120_000, signal },
  );
}
