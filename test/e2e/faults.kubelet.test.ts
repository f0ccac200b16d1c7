// What stays enforced when a part of Creel or of the cluster dies.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { fetchInside } from './fetch-inside.ts';
import { SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-faults-${process.pid}`);
let creel: CreelUnderTest;
const fetch = (url: string) => fetchInside(namespace, 'agent', url);
const listed = 'https://listed.example.org/';
const unlisted = 'https://unlisted.example.org/';
interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: { readonly containerStatuses: readonly { readonly name: string; readonly restartCount: number }[] };
}
const identity = async () => {
  const { metadata, status } = await namespace.get<Pod>('pod', 'csb-agent');
  return {
    uid: metadata.uid,
    agentRestarts: status.containerStatuses.find(({ name }) => name === 'agent')?.restartCount,
  };
};

beforeAll(async () => {
  creel = await creelUnderTest();
  await namespace.create();
  await namespace.allowListedHost();
  await namespace.applySandbox('agent');
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
  expect(await fetch(listed)).toMatchObject({ status: 200 });
});
afterAll(() => namespace.delete());

test('the sidecar’s proxy killed: refused within 3 s, and it works again without the agent restarting', async () => {
  const before = await identity();
  const killed = await killProxy();
  expect(killed).toBeGreaterThan(0);
  const startedMs = Date.now();
  await fetch(listed);
  expect(Date.now() - startedMs).toBeLessThan(3000 + 1500);
  await waitUntil(async () => ((await fetch(listed)).status === 200 ? true : undefined), {
    what: 'the listed host to work again',
    timeoutMs: 30_000,
  });
  expect((await fetch(unlisted)).status).toBe(403);
  expect(await identity()).toEqual(before);
});

test('the operator gone: what is allowed works, what is not does not', async () => {
  await creel.cluster.kubectl(['-n', 'creel-system', 'scale', 'deployment/creel-operator', '--replicas=0']);
  await creel.cluster.kubectl([
    '-n',
    'creel-system',
    'wait',
    'pod',
    '--for=delete',
    '--selector=app.kubernetes.io/name=creel',
    '--timeout=60s',
  ]);
  try {
    expect((await fetch(listed)).status).toBe(200);
    expect((await fetch(unlisted)).status).toBe(403);
  } finally {
    await creel.cluster.kubectl(['-n', 'creel-system', 'scale', 'deployment/creel-operator', '--replicas=1']);
    await creel.cluster.kubectl([
      '-n',
      'creel-system',
      'rollout',
      'status',
      'deployment/creel-operator',
      '--timeout=90s',
    ]);
  }
  await namespace.waitForSandbox(
    'agent',
    'to be enforced by the new operator',
    ({ status }) =>
      status?.policy?.enforcedRevision !== undefined && status.policy.enforcedRevision === status.policy.revision,
  );
});

test('the API server restarted: no pod is made anew', async () => {
  const before = await identity();
  await creel.cluster.restartApiServer();
  expect((await fetch(listed)).status).toBe(200);
  await namespace.waitForSandbox(
    'agent',
    'to be Ready',
    ({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true,
  );
  expect(await identity()).toEqual(before);
});

test('suspended and resumed: /sandbox is kept', async () => {
  await namespace.inside('agent', 'echo kept > /sandbox/note');
  await namespace.kubectl(['patch', 'csb', 'agent', '--type=merge', '--patch={"spec":{"lifecycle":{"suspend":true}}}']);
  await namespace.waitForSandbox('agent', 'to be suspended', ({ status }) => status?.phase === 'Suspended');
  await namespace.kubectl(['wait', 'pod/csb-agent', '--for=delete', '--timeout=60s']);
  await namespace.kubectl([
    'patch',
    'csb',
    'agent',
    '--type=merge',
    '--patch={"spec":{"lifecycle":{"suspend":false}}}',
  ]);
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 90_000);
  expect((await namespace.inside('agent', 'cat /sandbox/note')).stdout).toBe('kept\n');
});

/** The proxy's pid as this machine sees it: processes of nodes in network namespaces are this machine's own. */
async function killProxy(): Promise<number> {
  const { readdirSync, readFileSync, readlinkSync } = await import('node:fs');
  const uid = (await identity()).uid;
  const found = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const isProxy = readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(
          '/usr/local/bin/node\0/opt/creel/sidecar.mjs',
        );
        return (
          isProxy &&
          readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(uid) &&
          readlinkSync(`/proc/${pid}/exe`) !== ''
        );
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
  for (const pid of found) process.kill(Number(pid), 'SIGKILL');
  return found.length;
}
