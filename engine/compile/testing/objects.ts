// Short ways to write stored objects in tests.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../../crds/schema/egress-policy.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';

const stored = {
  namespace: 'team',
  uid: 'uid-1',
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
};

export function sampleSandbox(egress?: Sandbox['spec']['egress']): Sandbox {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { ...stored, name: 'box', labels: { app: 'agent' } },
    spec: { image: 'i', ...(egress === undefined ? {} : { egress }) },
  };
}

/** Rules are `unknown`: the API server stores fields that no schema knows. */
export function sampleEgressPolicy(
  name: string,
  allow: readonly unknown[],
  deny: readonly unknown[] = [],
): EgressPolicy {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'EgressPolicy',
    metadata: { ...stored, name },
    spec: {
      sandboxSelector: {},
      allow: allow as NonNullable<EgressPolicy['spec']['allow']>,
      deny: deny as NonNullable<EgressPolicy['spec']['deny']>,
    },
  };
}

export function sampleClusterPolicy(name: string, spec: Partial<ClusterEgressPolicy['spec']>): ClusterEgressPolicy {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ClusterEgressPolicy',
    metadata: { ...stored, namespace: '', name },
    spec: { namespaceSelector: {}, ...spec },
  };
}

export function sampleRequest(
  decision?: ApprovalRequest['spec']['decision'],
  overrides: {
    egress?: Partial<NonNullable<ApprovalRequest['spec']['egress']>>;
    uid?: string;
    status?: ApprovalRequest['status'];
  } = {},
): ApprovalRequest {
  const binary = { path: '/usr/bin/curl', sha256: 'b'.repeat(64) };
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { ...stored, name: 'apr-x' },
    spec: {
      type: 'Egress',
      sandbox: { name: 'box', uid: overrides.uid ?? 'uid-1' },
      egress: { host: 'paste.example', port: 443, binary, reason: 'NotListed', ...overrides.egress },
      ...(decision === undefined ? {} : { decision }),
    },
    ...(overrides.status === undefined ? {} : { status: { observedGeneration: 1, ...overrides.status } }),
  };
}
