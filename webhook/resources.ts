import type { ClusterEgressPolicy } from '../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../crds/schema/egress-policy.ts';
import { group, version } from '../crds/schema/group.ts';
import type { KubeObject, ResourceRef } from '../kube/types.ts';

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly WebhookEntry[];
}

export interface WebhookEntry {
  readonly name: string;
  /** `caBundle`: base64 of PEM. */
  readonly clientConfig: { readonly caBundle?: string };
}

export interface EndpointSlice extends KubeObject {
  /** null where there are none, as the API server writes it. */
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[] | null;
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;

/** Every resource the webhook touches but its Secret: the install's RBAC lists the same ones. */
export const resources = {
  egressPolicies: ref<EgressPolicy>({
    group,
    version,
    kind: 'EgressPolicy',
    plural: 'egresspolicies',
    namespaced: true,
  }),
  clusterEgressPolicies: ref<ClusterEgressPolicy>({
    group,
    version,
    kind: 'ClusterEgressPolicy',
    plural: 'clusteregresspolicies',
    namespaced: false,
  }),
  namespaces: ref<KubeObject>({ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }),
  endpointSlices: ref<EndpointSlice>({
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    namespaced: true,
  }),
  mutatingWebhooks: ref<WebhookConfiguration>({
    ...admission,
    kind: 'MutatingWebhookConfiguration',
    plural: 'mutatingwebhookconfigurations',
  }),
  validatingWebhooks: ref<WebhookConfiguration>({
    ...admission,
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
  }),
} as const;

function ref<T extends KubeObject>(resource: ResourceRef<T>): ResourceRef<T> {
  return resource;
}
