import type { InferenceProfile } from '../../../crds/schema/inference-profile.ts';
import type { ServiceLookup } from '../../../engine/compile/check-peer.ts';
import { parseKey } from '../../../kube/keys.ts';
import type { Clock, KubeClient, Reconciler, Store } from '../../../kube/types.ts';
import { resources } from '../../resources.ts';
import type { CredentialCache } from '../../snapshots/credential-cache.ts';
import { resolveProfile } from '../../snapshots/resolve-profile.ts';
import { readCredential } from '../read-credential.ts';
import { nextConditions } from '../status/next-conditions.ts';
import { writeStatus } from '../status/write-status.ts';
import { planReady } from './plan-ready.ts';

export interface InferenceProfileReconcilerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly profiles: Store<InferenceProfile>;
  readonly services: ServiceLookup;
  readonly credentials: CredentialCache;
  readonly operatorNamespace: string;
}

/** Secrets cannot be watched without a right to all of a namespace's: rotation is seen this soon. */
const rereadMs = 15_000;

/** Reads each profile's key into memory, and says whether calls can be routed. */
export function inferenceProfileReconciler(options: InferenceProfileReconcilerOptions): Reconciler {
  const { client, clock, profiles, services, credentials } = options;
  return {
    name: 'inference-profile',
    reconcile: async key => {
      const name = parseKey(key);
      const profile = profiles.get(name);
      forgetUnused(name.namespace ?? '', options);
      if (profile === undefined) return { type: 'Done' };
      const hasKey = await refreshKey(profile, options);
      const wanted = [planReady(resolveProfile({ profile, credential: credentials.get, services }))];
      const { generation } = profile.metadata;
      await writeStatus(client, resources.inferenceProfiles, profile, {
        ...profile.status,
        observedGeneration: generation,
        conditions: nextConditions(profile.status?.conditions, wanted, generation, clock.nowMs()),
      });
      return hasKey ? { type: 'Again', afterMs: rereadMs } : { type: 'Done' };
    },
  };
}

async function refreshKey(
  { metadata, spec }: InferenceProfile,
  options: InferenceProfileReconcilerOptions,
): Promise<boolean> {
  const secret = spec.credential?.secretRef.name;
  if (secret === undefined) return false;
  const { client, credentials, operatorNamespace } = options;
  const { namespace } = metadata;
  credentials.set(namespace, secret, await readCredential(client, namespace, secret, operatorNamespace));
  return true;
}

function forgetUnused(namespace: string, { profiles, credentials }: InferenceProfileReconcilerOptions): void {
  const named = profiles.list(namespace).flatMap(({ spec }) => spec.credential?.secretRef.name ?? []);
  credentials.retain('Profiles', namespace, new Set(named));
}
