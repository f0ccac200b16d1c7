// Whether a live child still is what was planned. The API server's defaults and other people's additions are no drift,
// unless they change what the child means.
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../../kube/types.ts';
import type { NetworkPolicySpec } from './wall/network-policy-types.ts';

/** Labels, annotations and the owner that we set. */
export function metadataDrifted(live: KubeObject, planned: KubeObject): boolean {
  return (
    !contains(live.metadata.labels, planned.metadata.labels) ||
    !contains(live.metadata.annotations, planned.metadata.annotations) ||
    !sameOwners(live, planned)
  );
}

/** A NetworkPolicy means more with every rule somebody adds: its spec must be equal, not only contain ours. */
export function networkPolicyDrifted(
  live: KubeObject,
  planned: KubeObject & { readonly spec: NetworkPolicySpec },
): boolean {
  const { spec } = live as { spec?: Partial<NetworkPolicySpec> };
  const normal = { ...planned.spec, ...spec, ingress: spec?.ingress ?? [], egress: spec?.egress ?? [] };
  return metadataDrifted(live, planned) || !isDeepStrictEqual(normal, { ...planned.spec });
}

export function serviceAccountDrifted(live: KubeObject, planned: KubeObject): boolean {
  return (
    metadataDrifted(live, planned) ||
    (live as { automountServiceAccountToken?: boolean }).automountServiceAccountToken !== false
  );
}

function sameOwners(live: KubeObject, planned: KubeObject): boolean {
  return isDeepStrictEqual(ownersOf(live), ownersOf(planned));
}

function ownersOf({ metadata }: KubeObject): string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid).sort();
}

function contains(
  live: Readonly<Record<string, string>> = {},
  planned: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(planned).every(([key, value]) => live[key] === value);
}
