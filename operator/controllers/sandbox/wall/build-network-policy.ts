import { labels } from '../../../../crds/schema/group.ts';
import type { Sandbox } from '../../../../crds/schema/sandbox.ts';
import { ownedBy } from '../owned-by.ts';
import type { EgressRule, NetworkPolicySpec } from './network-policy-types.ts';

export interface NetworkPolicy {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: ReturnType<typeof ownedBy>;
  readonly spec: NetworkPolicySpec;
}

/** Ingress none; egress what the wall admits. Every field is written, the empty ones too: an apply then takes them back. */
export function buildNetworkPolicy(sandbox: Sandbox, egress: readonly EgressRule[]): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedBy(sandbox),
    spec: {
      podSelector: { matchLabels: { [labels.sandbox]: sandbox.metadata.name } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress,
    },
  };
}
