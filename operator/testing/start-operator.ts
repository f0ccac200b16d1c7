// The real operator as a process of its own, with the chart's rights and no others, against the tier's control plane.
import { fileURLToPath } from 'node:url';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { type OperatorProcess, runOperator } from './operator-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** CRDs, rights and the hub's Service, as the chart has them. The namespace must exist. Answers what takes the rights away. */
export async function installOperator(namespace: string): Promise<() => Promise<void>> {
  const cluster = currentCluster();
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', `--filename=${root}crds`]);
  const parts = ['operator-rbac', 'service-account', 'hub-service', 'user-roles'];
  const shown = parts.map(part => `--show-only=templates/${part}.yaml`);
  const manifests = await cluster.helm([
    'template',
    'creel',
    `${root}charts/creel`,
    `--namespace=${namespace}`,
    '--validate',
    ...shown,
  ]);
  const from = [`--namespace=${namespace}`, '--filename=-'];
  await cluster.kubectl(['apply', ...from], { stdin: manifests });
  // ClusterRoles outlive the namespace, and helm would refuse to take them over in another file.
  return async () => {
    await cluster.kubectl(['delete', ...from, '--ignore-not-found', '--wait=false'], { stdin: manifests });
  };
}

/** Resolves when it leads. */
export async function startOperator(
  namespace: string,
  env: Readonly<Record<string, string>> = {},
): Promise<OperatorProcess> {
  const kubeconfig = await currentCluster().clientFor(`system:serviceaccount:${namespace}:creel-operator`, [
    'system:serviceaccounts',
    'system:authenticated',
  ]);
  return runOperator(kubeconfig, namespace, env);
}
