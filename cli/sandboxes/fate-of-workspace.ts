import type { Sandbox } from '../../crds/schema/sandbox.ts';

/** What becomes of the files in /sandbox when the Sandbox is deleted, in a sentence. */
export function fateOfWorkspace(
  { metadata: { name, namespace }, spec: { workspace } }: Sandbox,
  isKept: boolean,
): string {
  if (workspace?.ephemeral) return `The files in /sandbox end with the pod of ${name}: its workspace is ephemeral.`;
  const claim = `claim csb-${name}`;
  return isKept || workspace?.onDelete === 'Retain'
    ? `The files in /sandbox are kept in ${claim}; delete them later with: kubectl -n ${namespace} delete pvc csb-${name}`
    : `All files in /sandbox of ${name} are deleted with their ${claim} (${workspace?.size ?? '2Gi'}); --keep-workspace keeps them.`;
}
