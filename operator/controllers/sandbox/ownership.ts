import { annotations } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject } from '../../../kube/types.ts';

/** By controller uid, never by name or label: those anybody can choose. */
export function isOwned({ metadata }: KubeObject, sandbox: Sandbox): boolean {
  return (
    metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === sandbox.metadata.uid) ??
    false
  );
}

/** A kept workspace has no owner; the annotation names the Sandbox it serves. */
export function isOwnWorkspace(claim: KubeObject, sandbox: Sandbox): boolean {
  const owners = claim.metadata.ownerReferences ?? [];
  return (
    isOwned(claim, sandbox) ||
    (owners.length === 0 && claim.metadata.annotations?.[annotations.workspaceOf] === sandbox.metadata.uid)
  );
}
