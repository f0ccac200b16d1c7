import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { ownedBy } from './owned-by.ts';

/** An identity for the hub's token and nothing else: no role is bound to it, and no pod mounts its API token. */
export function buildServiceAccount(sandbox: Sandbox): KubeObject & { readonly automountServiceAccountToken: false } {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: ownedBy(sandbox),
    automountServiceAccountToken: false,
  };
}
