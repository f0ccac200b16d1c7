// A GPU from the question to the end of the grant on a real kubelet. The node has two of an extended resource, as a device plugin
// would report it; there is no device behind it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { creelUnderTest } from './creel-under-test.ts';
import { runCreel } from './run-creel.ts';
import { outcomeOf, SandboxNamespace } from './sandbox-namespace.ts';

const cluster = currentCluster();
const namespace = new SandboxNamespace(cluster, `e2e-gpu-${process.pid}`);
const resource = 'creel.example/gpu';
let node = '';

async function setCapacity(count: string | null): Promise<void> {
  const patch = JSON.stringify({ status: { capacity: { [resource]: count } } });
  await cluster.kubectl(['patch', 'node', node, '--subresource=status', '--type=merge', `--patch=${patch}`]);
}

beforeAll(async () => {
  await creelUnderTest();
  node = (await cluster.kubectl(['get', 'nodes', '--output=jsonpath={.items[0].metadata.name}'])).trim();
  await setCapacity('2');
  // The kubelet takes it over into what can be given out.
  const allocatable = `jsonpath={.status.allocatable.creel\\.example/gpu}=2`;
  await cluster.kubectl(['wait', `node/${node}`, `--for=${allocatable}`, '--timeout=120s']);
  await namespace.create();
});
afterAll(async () => {
  await namespace.delete();
  await setCapacity(null);
});

const open = () =>
  namespace.waitForRequest(
    ({ spec, status }) => spec.type === 'GPU' && spec.decision === undefined && status?.phase === 'Pending',
    'a GPU request that waits',
    30_000,
  );
const approve = (name: string, time: string) =>
  runCreel(cluster.kubeconfigPath, namespace.name, ['approve', `apr/${name}`, '--for', time]);
const waiting = ({ status }: Sandbox) => status?.phase === 'AwaitingApproval' && status.pod === undefined;

test('asked, approved by the CLI, ended, asked again: the pod comes and goes, the workspace stays', async () => {
  await namespace.applySandbox('worker', { gpu: { resource, count: 2 } });
  const first = await open();
  await namespace.waitForSandbox('worker', 'to wait for a person', waiting);
  expect(await namespace.childrenOf('worker')).toEqual([]);

  expect(await approve(first.metadata.name, '45s')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`worker → 2 × ${resource}`),
  });
  await namespace.waitForCondition('csb', 'worker', 'Ready', 'True', 120_000);
  const pod = await namespace.get<{ spec: { containers: { name: string; resources: object }[]; nodeName: string } }>(
    'pod',
    'csb-worker',
  );
  expect(pod.spec.nodeName).toBe(node);
  expect(pod.spec.containers.find(({ name }) => name === 'agent')?.resources).toMatchObject({
    requests: { [resource]: '2' },
    limits: { [resource]: '2' },
  });
  expect((await namespace.inside('worker', 'echo kept > /sandbox/notes; env')).stdout).not.toContain('LD_PRELOAD=/');

  // Nobody does anything: the time is over.
  const ended = await namespace.waitForSandbox('worker', 'to have lost its GPU', waiting, 90_000);
  const next = await open();
  expect(ended.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    reason: 'GPUGrantEnded',
    message: expect.stringContaining('the workspace is kept. To go on: kubectl creel approve'),
  });
  await namespace.kubectl(['wait', 'pod/csb-worker', '--for=delete', '--timeout=60s']);
  const events = await namespace.kubectl(['events', '--for=sandbox/worker']);
  expect(events).toMatch(/GPUApprovalNeeded[\s\S]*GPUApproved[\s\S]*GPUGrantEnded/);

  expect((await approve(next.metadata.name, 'session')).exitCode).toBe(0);
  await namespace.waitForCondition('csb', 'worker', 'Ready', 'True', 120_000);
  expect((await namespace.inside('worker', 'cat /sandbox/notes')).stdout).toBe('kept\n');
});

test('all of it is given out: another one is approved and not scheduled, and the condition says why', async () => {
  await namespace.applySandbox('second', { gpu: { resource } });
  const request = await open();
  expect((await approve(request.metadata.name, '1h')).exitCode).toBe(0);
  const stuck = await namespace.waitForSandbox('second', 'to be unschedulable', ({ status }) =>
    (status?.conditions ?? []).some(({ type, message }) => type === 'Ready' && message.startsWith('not scheduled')),
  );
  expect(stuck.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toContain(`Insufficient ${resource}`);
});

test('G02 a pod of nobody’s approval gets none of it', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'thief', namespace: namespace.name },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'c',
          image: 'creel.local/agent-tools:dev',
          resources: { limits: { [resource]: '1' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
  const { exitCode, stderr } = await outcomeOf(namespace.kubectl(['create', '--filename=-'], JSON.stringify(pod)));
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('a GPU comes by spec.gpu of a Sandbox, which a person approves');
});
