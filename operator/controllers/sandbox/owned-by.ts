import { apiVersion, labels } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import { childName } from './child-name.ts';

interface OwnedMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly ownerReferences: { apiVersion: string; kind: string; name: string; uid: string; controller: true }[];
}

/** Metadata of a child: found by label, collected with its Sandbox. */
export function ownedBy({ metadata }: Sandbox): OwnedMetadata {
  return {
    name: childName(metadata.name),
    namespace: metadata.namespace,
    labels: { [labels.sandbox]: metadata.name, [labels.managedBy]: 'creel' },
    ownerReferences: [{ apiVersion, kind: 'Sandbox', name: metadata.name, uid: metadata.uid, controller: true }],
  };
}
