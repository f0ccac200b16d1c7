// Objects as the API server would hand them out, for unit tests.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { SandboxWorld } from '../controllers/sandbox/world.ts';
import type { FullSnapshot } from '../hub/full-snapshot.ts';

export const sampleNowMs = Date.UTC(2026, 0, 1, 12);

export function sampleSandbox(spec: Partial<Sandbox['spec']> = {}, status?: Sandbox['status']): Sandbox {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name: 'my-assistant',
      namespace: 'team-a',
      uid: '11111111-2222-4333-8444-555555555555',
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: '2026-01-01T11:00:00Z',
    },
    spec: { image: 'creel.example/agent:1', ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export function sampleSnapshot(change: Partial<FullSnapshot> = {}): FullSnapshot {
  return {
    revision: { epoch: 1, counter: 4 },
    policy: {
      hash: 'p',
      onUnlisted: 'Deny',
      holdMs: 0,
      identity: 'Process',
      frozen: false,
      rules: [],
      neverAddresses: ['10.96.0.1/32', '203.0.113.9/32'],
    },
    grants: { hash: 'g', items: [] },
    route: { hash: 'r', reason: 'NoProfile', message: 'none' },
    credentials: { hash: 'c', items: [] },
    resolvers: ['10.96.0.10:53'],
    maxPolicyAgeMs: 1,
    ...change,
  };
}

export function sampleWorld(change: Partial<SandboxWorld> = {}): SandboxWorld {
  const sandbox = change.sandbox ?? sampleSandbox();
  const { namespace, name, uid } = sandbox.metadata;
  const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
  return {
    sandbox,
    nowMs: sampleNowMs,
    leadingSinceMs: sampleNowMs,
    namespace: { metadata: { name: namespace, labels } },
    pod: undefined,
    workspace: undefined,
    networkPolicy: undefined,
    serviceAccount: undefined,
    widening: [],
    current: {
      sandboxUid: uid,
      namespace,
      sandbox: name,
      snapshot: sampleSnapshot(),
      policyRevision: { epoch: 1, counter: 1 },
      issues: [],
      matched: [],
      refusals: new Map(),
    },
    session: undefined,
    requests: [],
    isRecorded: () => true,
    settings: { sidecarImage: 'creel.example/sidecar:1', hubAddress: '10.96.0.20:8443', hubTrust: 'PEM' },
    wall: {
      resolver: [{ podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
      resolverPorts: [53],
      hub: { podSelector: { matchLabels: { app: 'hub' } } },
      hubPort: 8443,
      excluded: ['10.96.0.1/32', '203.0.113.9/32'],
      service: () => undefined,
    },
    ...change,
  };
}

export function sampleRequest(
  spec: Partial<ApprovalRequest['spec']> = {},
  status?: ApprovalRequest['status'],
  annotations: Record<string, string> = {},
): ApprovalRequest {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: {
      name: 'apr-sample',
      namespace: 'team-a',
      uid: 'r1',
      resourceVersion: '9',
      generation: 2,
      creationTimestamp: '2026-01-01T11:30:00Z',
      annotations,
    },
    spec: {
      type: 'Egress',
      sandbox: { name: 'my-assistant', uid: '11111111-2222-4333-8444-555555555555' },
      egress: { host: 'api.example.com', port: 443, reason: 'NotListed' },
      ...spec,
    },
    ...(status === undefined ? {} : { status: { observedGeneration: 2, ...status } }),
  };
}
