import { annotations } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { ownedBy } from './owned-by.ts';

export interface WorkspaceClaim extends KubeObject {
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly storageClassName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

/** The claim behind /sandbox; undefined where it is an emptyDir. One that is to be kept has no owner to be collected with. */
export function buildWorkspace(sandbox: Sandbox): WorkspaceClaim | undefined {
  const { size, storageClassName, ephemeral, onDelete } = sandbox.spec.workspace ?? {};
  if (ephemeral) return undefined;
  const { ownerReferences, ...metadata } = ownedBy(sandbox);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...metadata,
      annotations: { [annotations.workspaceOf]: sandbox.metadata.uid },
      ownerReferences: onDelete === 'Retain' ? [] : ownerReferences,
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storageClassName === undefined ? {} : { storageClassName }),
      resources: { requests: { storage: String(size ?? '2Gi') } },
    },
  };
}
