import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { AdmissionRequest } from '../review/admission-review.ts';
import type { AdmissionWorld } from '../rules/admission-world.ts';

/** Namespace `team` with label `tier: prod`; nothing else is known. */
export function sampleWorld(
  objects: {
    readonly clusterPolicies?: readonly ClusterEgressPolicy[];
    readonly policies?: readonly EgressPolicy[];
  } = {},
): AdmissionWorld {
  const { clusterPolicies = [], policies = [] } = objects;
  return {
    namespaceLabels: namespace => (namespace === 'team' ? { tier: 'prod' } : undefined),
    clusterPolicies: () => clusterPolicies,
    egressPolicies: namespace =>
      policies.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    apiServers: () => ['10.96.0.1'],
    nowMs: () => Date.UTC(2026, 0, 1),
  };
}

export function sampleRequest(overrides: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: 'u-1',
    kind: { group: 'creel.dev', version: 'v1alpha1', kind: 'EgressPolicy' },
    subResource: '',
    name: 'p',
    namespace: 'team',
    operation: 'CREATE',
    userInfo: { username: 'ann' },
    object: {
      apiVersion: 'creel.dev/v1alpha1',
      kind: 'EgressPolicy',
      metadata: { name: 'p', namespace: 'team' },
      spec: { sandboxSelector: {}, allow: [{ name: 'r', to: [{ host: 'a.example', ports: [443] }], protocol: 'TLS' }] },
    },
    oldObject: null,
    ...overrides,
  };
}
