// The kinds as `get` knows them: all the names people may call them by, where they are, and their columns.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { apiVersion } from '../../crds/schema/group.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { approvalColumns } from '../approvals/approval-columns.ts';
import { creelPath } from '../kube/paths.ts';
import type { Column } from '../output/print-objects.ts';
import { sandboxColumns } from '../sandboxes/sandbox-columns.ts';
import { clusterPolicyColumns, policyColumns } from './policy-columns.ts';
import { profileColumns } from './profile-columns.ts';

/** Any of ours, as columns read it. */
export interface ListedObject {
  readonly kind: string;
  readonly metadata: Sandbox['metadata'];
}

export interface ListedKind {
  /** The first is what the help calls it. */
  readonly names: readonly string[];
  readonly isNamespaced: boolean;
  path(namespace: string | undefined, name?: string): string;
  columns(nowMs: number): readonly Column<ListedObject>[];
}

export const listedKinds: readonly ListedKind[] = [
  kind<Sandbox>(
    ['sandboxes', 'sandbox', 'csb'],
    (namespace, name) => creelPath(namespace, 'sandboxes', name),
    sandboxColumns,
  ),
  kind<ApprovalRequest>(
    ['approvals', 'approval', 'approvalrequests', 'approvalrequest', 'apr'],
    (namespace, name) => creelPath(namespace, 'approvalrequests', name),
    approvalColumns,
  ),
  kind<EgressPolicy>(
    ['policies', 'policy', 'egresspolicies', 'egresspolicy', 'egp'],
    (namespace, name) => creelPath(namespace, 'egresspolicies', name),
    policyColumns,
  ),
  kind<InferenceProfile>(
    ['profiles', 'profile', 'inferenceprofiles', 'inferenceprofile', 'ifp'],
    (namespace, name) => creelPath(namespace, 'inferenceprofiles', name),
    () => profileColumns,
  ),
  {
    ...kind<ClusterEgressPolicy>(
      ['clusterpolicies', 'clusterpolicy', 'clusteregresspolicies', 'clusteregresspolicy', 'cegp'],
      (_namespace, name) =>
        `/apis/${apiVersion}/clusteregresspolicies${name === undefined ? '' : `/${encodeURIComponent(name)}`}`,
      clusterPolicyColumns,
    ),
    isNamespaced: false,
  },
];

export function findKind(name: string): ListedKind | undefined {
  const bare = name.toLowerCase().replace(/\.creel\.dev$/, '');
  return listedKinds.find(({ names }) => names.includes(bare));
}

function kind<T extends ListedObject>(
  names: readonly string[],
  path: ListedKind['path'],
  columns: (nowMs: number) => readonly Column<T>[],
): ListedKind {
  // The path and the columns are of the same kind: what is read there is what they are given.
  return { names, isNamespaced: true, path, columns: columns as unknown as ListedKind['columns'] };
}
