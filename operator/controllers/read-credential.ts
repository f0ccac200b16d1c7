// One Secret, by get: the operator has no right to list them, and none at all where no administrator gave it.
import { annotations } from '../../crds/schema/group.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { KubeClient } from '../../kube/types.ts';
import { resources } from '../resources.ts';
import type { CredentialState } from '../snapshots/credential-state.ts';

/** Throws where the API server did not answer: a key that worked a moment ago is kept then. */
export async function readCredential(
  client: KubeClient,
  namespace: string,
  name: string,
  operatorNamespace: string,
): Promise<CredentialState> {
  try {
    const secret = await client.get(resources.secrets, { namespace, name });
    if (secret === undefined) return { state: 'Missing' };
    const hosts = secret.metadata.annotations?.[annotations.allowedHosts];
    const values = Object.entries(secret.data ?? {}).map(
      ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const,
    );
    return {
      state: 'Read',
      values: new Map(values),
      ...(hosts === undefined ? {} : { allowedHosts: hosts.split(',').map(host => host.trim()) }),
    };
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure.status !== 403) throw error;
    const command = `kubectl create rolebinding creel-credentials -n ${namespace} --clusterrole=creel-credentials --serviceaccount=${operatorNamespace}:creel-operator`;
    return {
      state: 'Denied',
      message: `the operator may not read it; an administrator of the namespace allows it: ${command}`,
    };
  }
}
