import type { KubeClient, KubeObject, ResourceRef, Written } from './types.ts';

type Edit = 'Add' | 'Remove';

/**
 * Adds or removes one finalizer of the object as it was seen; undefined where nothing is to do. The resourceVersion is the
 * precondition: a list is replaced whole, and somebody else's finalizer must not be lost.
 */
export async function editFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef<T>,
  { metadata }: T,
  edit: Edit,
  finalizer: string,
): Promise<Written<T> | undefined> {
  const finalizers = editedFinalizers(metadata.finalizers ?? [], edit, finalizer);
  if (finalizers === undefined) return undefined;
  const { uid, resourceVersion } = metadata;
  return client.mergePatch(resource, metadata, { metadata: { uid, resourceVersion, finalizers } });
}

function editedFinalizers(present: readonly string[], edit: Edit, finalizer: string): readonly string[] | undefined {
  if (present.includes(finalizer) === (edit === 'Add')) return undefined;
  return edit === 'Add' ? [...present, finalizer] : present.filter(other => other !== finalizer);
}
