// What the CLI's tests share: the CRDs, a namespace, kubectl in it, and the operator's part of an approval.
import { dirname, join } from 'node:path';
import { beforeAll, vi } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { waitUntil } from '../../test/cluster/base/wait-until.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { type Ended, type Running, runCreel, startCreel } from './run-creel.ts';

export interface ClusterFixture {
  readonly namespace: string;
  readonly env: Readonly<Record<string, string>>;
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<string>;
  /** `kubectl creel -n NAMESPACE ARGS…`. */
  readonly creel: (args: readonly string[], stdin?: string) => Promise<Ended>;
  readonly start: (args: readonly string[]) => Running;
  readonly create: (object: object) => Promise<void>;
  /** A request of sandbox `agent` for a host, with the status the operator would give it. */
  readonly makeRequest: (
    name: string,
    over?: { readonly phase?: string; readonly host?: string; readonly sandbox?: string; readonly uid?: string },
  ) => Promise<void>;
  readonly setPhase: (name: string, phase: string) => Promise<void>;
  readonly getRequest: (name: string) => Promise<ApprovalRequest>;
  /** Does what the operator does once a decision is there. */
  readonly enforceWhenDecided: (name: string, phase: string) => Promise<void>;
}

/** Call at the top of a test file. */
export function clusterFixture(prefix: string): ClusterFixture {
  // Each test starts several processes; on a loaded machine one start takes a quarter of a minute.
  vi.setConfig({ testTimeout: 300_000 });
  const cluster = currentCluster();
  const root = dirname(dirname(import.meta.dirname));
  const namespace = testNamespace(prefix);
  const env = { KUBECONFIG: cluster.kubeconfigPath };
  beforeAll(async () => {
    await cluster.kubectl(['apply', '--server-side', '--force-conflicts', `--filename=${join(root, 'crds')}`]);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  });
  const kubectl = (args: readonly string[], stdin?: string) =>
    cluster.kubectl(['--namespace', namespace, ...args], stdin === undefined ? {} : { stdin });
  const create = async (object: object) => {
    await kubectl(['create', '--filename=-'], JSON.stringify({ apiVersion: 'creel.dev/v1alpha1', ...object }));
  };
  const setPhase = async (name: string, phase: string) => {
    const patch = JSON.stringify({ status: { phase, hits: 1 } });
    await kubectl(['patch', 'apr', name, '--subresource=status', '--type=merge', `--patch=${patch}`]);
  };
  const getRequest = async (name: string) =>
    JSON.parse(await kubectl(['get', 'apr', name, '--output=json'])) as ApprovalRequest;
  return {
    namespace,
    env,
    kubectl,
    creel: (args, stdin) => runCreel(['-n', namespace, ...args], env, stdin),
    start: args => startCreel(['-n', namespace, ...args], env),
    create,
    setPhase,
    getRequest,
    async makeRequest(name, { phase = 'Pending', host = 'a.example.org', sandbox = 'agent', uid = 'u-1' } = {}) {
      const egress = { host, port: 443, reason: 'NotListed' };
      await create({
        kind: 'ApprovalRequest',
        metadata: { name },
        spec: { type: 'Egress', sandbox: { name: sandbox, uid }, egress },
      });
      await setPhase(name, phase);
    },
    async enforceWhenDecided(name, phase) {
      const ask = async () => ((await getRequest(name)).spec.decision === undefined ? undefined : true);
      await waitUntil(ask, { what: `a decision on ${name}`, timeoutMs: 30_000 });
      await setPhase(name, phase);
    },
  };
}
