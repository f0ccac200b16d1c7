import type { CaseNamespaces } from './case-request.ts';

export interface CaseUser {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Members may do everything but `approve` and `break-glass`: RBAC refuses none of the cases, so the verdict is the policy's. */
export const everythingGroup = 'creel-cases-everything';
/** Members have both verbs too. */
export const approveGroup = 'creel-cases-approve';

/** Members may enter pods, as ClusterRole creel-user lets them, and no more. */
export const execGroup = 'creel-cases-exec';

/** A service account of the namespace with sandboxes that may use devices. */
export const deviceUser = 'model-server';

export function caseUsers({ $NS, $OTHER, $PLAIN }: CaseNamespaces): Readonly<Record<string, CaseUser>> {
  return {
    operator: serviceAccount('creel-system', 'creel-operator'),
    otherOperator: serviceAccount('elsewhere', 'creel-operator'),
    editor: { user: 'erin', groups: [everythingGroup] },
    approver: { user: 'ann', groups: [everythingGroup, approveGroup] },
    sandboxUser: { user: 'uma', groups: [execGroup] },
    sandbox: serviceAccount($NS, 'csb-box'),
    neighbour: serviceAccount($NS, 'default'),
    otherSandbox: serviceAccount($OTHER, 'csb-box'),
    chatBot: serviceAccount($PLAIN, 'chat-bot'),
    kubelet: { user: 'system:node:creel-case-node', groups: ['system:nodes', everythingGroup] },
    impostor: { user: 'mallory', groups: ['system:nodes', everythingGroup] },
    replicaSets: serviceAccount('kube-system', 'replicaset-controller'),
    jobs: serviceAccount('kube-system', 'job-controller'),
    daemonSets: serviceAccount('kube-system', 'daemon-set-controller'),
    statefulSets: serviceAccount('kube-system', 'statefulset-controller'),
    garbageCollector: serviceAccount('kube-system', 'generic-garbage-collector'),
  };
}

/** With every right, mis-granted: the policies must hold all the same. */
function serviceAccount(namespace: string, name: string): CaseUser {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: [
      'system:authenticated',
      'system:serviceaccounts',
      `system:serviceaccounts:${namespace}`,
      everythingGroup,
      approveGroup,
    ],
  };
}
