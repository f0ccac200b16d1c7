import { isDeepStrictEqual } from 'node:util';
import type { KubeClient, KubeObject, ResourceRef } from '../../../kube/types.ts';

export type StatusWrite = 'Unchanged' | 'Written' | 'Gone';

/** One write, and none where the status is that already. Throws where the API server refuses what it should take. */
export async function writeStatus<T extends KubeObject & { readonly status?: object }>(
  client: KubeClient,
  resource: ResourceRef<T>,
  { metadata, status: before }: T,
  status: NonNullable<T['status']>,
): Promise<StatusWrite> {
  if (isDeepStrictEqual(before, status)) return 'Unchanged';
  const written = await client.patchStatus(resource, metadata, { metadata: { uid: metadata.uid }, status });
  if (written.ok) return 'Written';
  // Deleted, or made anew under the same name: that one has its own event.
  if (written.refusal.status === 404 || written.refusal.status === 409) return 'Gone';
  throw new Error(`status of ${resource.kind} ${metadata.namespace}/${metadata.name}: ${written.refusal.message}`);
}
