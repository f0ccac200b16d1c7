// What stays enforced when a part of Creel or of the cluster dies.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sidecarNodeFlags } from '../../protocol/constants.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { fetchInside } from './fetch-inside.ts';
import { killInPod } from './kill-in-pod.ts';
import { SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-faults-${process.pid}`);
let creel: CreelUnderTest;
const fetch = (url: string) => fetchInside(namespace, 'agent', url);
const listed = 'https://listed.example.org/';
const unlisted = 'https://unlisted.example.org/';
const unlistedAddress = '198.51.100.77';
interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly podIPs: readonly { readonly ip: string }[];
    readonly containerStatuses: readonly { readonly name: string; readonly restartCount: number }[];
  };
}
const pod = () => namespace.get<Pod>('pod', 'csb-agent');
const restartsOf = ({ status }: Pod, container: string) =>
  status.containerStatuses.find(({ name }) => name === container)?.restartCount;
/** What must not change: the pod, and the agent's run in it. */
const identity = async () => {
  const now = await pod();
  return { uid: now.metadata.uid, agentRestarts: restartsOf(now, 'agent') };
};
const operator = (args: readonly string[]) => creel.cluster.kubectl(['--namespace', 'creel-system', ...args]);
const works = (url: string) => async () => ((await fetch(url)).status === 200 ? true : undefined);

beforeAll(async () => {
  creel = await creelUnderTest();
  await namespace.create();
  await namespace.allowHost('listed', 'listed.example.org');
  await namespace.applySandbox('agent');
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
  expect(await fetch(listed)).toMatchObject({ status: 200 });
});
afterAll(() => namespace.delete());

describe('killed while the agent sends', () => {
  // Both a listed host and an address nobody allowed, over and over; prints what became of each attempt and how long it took.
  const flood = `for i in $(seq 25); do
    for url in ${listed} https://${unlistedAddress}/; do curl -sk -o /dev/null -m 10 -w '%{http_code} %{time_total}\\n' $url; done
    sleep 0.1
  done; exit 0`;

  test.each([
    ['the proxy', ['/usr/local/bin/node', ...sidecarNodeFlags, '/opt/creel/sidecar.mjs'], 0],
    ['the guard, and with it the container', ['/usr/local/bin/launcher', 'guard'], 1],
  ])(
    '%s: no attempt takes 3 s, no packet leaves, and TLS works again without the agent restarting',
    async (_what, words, restarts) => {
      const before = await pod();
      const agent = await identity();
      await creel.outside.reset();
      const capture = await creel.outside.startCapture();
      try {
        const flooding = namespace.inside('agent', flood);
        await creel.outside.waitForRequest(({ host }) => host === 'listed.example.org');
        killInPod(before.metadata.uid, words);
        const attempts = (await flooding).stdout
          .trim()
          .split('\n')
          .map(line => line.split(' '));
        const seconds = attempts.map(([, time]) => Number(time));
        expect(attempts).toHaveLength(50);
        expect(new Set(attempts.map(([status]) => status))).toEqual(new Set(['000', '200', '403']));
        expect(Math.max(...seconds)).toBeLessThan(3);
        await waitUntil(works(listed), { what: 'the listed host to work again', timeoutMs: 30_000 });
        expect((await fetch(unlisted)).status).toBe(403);
        await capture.expectNone(
          'anything to the unlisted address',
          ({ destination }) => destination === unlistedAddress,
        );
        await capture.expectSome('the listed host’s', ({ source }) =>
          before.status.podIPs.some(({ ip }) => ip === source),
        );
        const restarted = Number(restartsOf(await pod(), 'sidecar')) - Number(restartsOf(before, 'sidecar'));
        expect(restarted).toBe(restarts);
        expect(await identity()).toEqual(agent);
      } finally {
        await capture.stop();
      }
    },
  );
});

test('the operator gone: what is allowed works, what is not does not', async () => {
  await operator(['scale', 'deployment/creel-operator', '--replicas=0']);
  // Not asked to end: nothing is said goodbye to.
  await operator(['delete', 'pod', '--selector=app.kubernetes.io/name=creel', '--grace-period=0', '--force']);
  try {
    expect((await fetch(listed)).status).toBe(200);
    expect((await fetch(unlisted)).status).toBe(403);
  } finally {
    await operator(['scale', 'deployment/creel-operator', '--replicas=1']);
    await operator(['rollout', 'status', 'deployment/creel-operator', '--timeout=90s']);
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
  // The operator is back at work, and has seen every pod again, when a new policy takes effect.
  await namespace.allowHost('later', 'later.example.org');
  await waitUntil(works('https://later.example.org/'), { what: 'a new policy to take effect', timeoutMs: 30_000 });
  expect(await identity()).toEqual(before);
});

test('suspended and resumed: /sandbox is kept', async () => {
  // The API server has just been restarted: an exec may be refused for a moment, and is no part of what is tested.
  const inside = (script: string) => expect.poll(() => namespace.inside('agent', script), { timeout: 10_000 });
  await inside('echo kept > /sandbox/note').toMatchObject({ exitCode: 0 });
  const before = await identity();
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
  await inside('cat /sandbox/note').toMatchObject({ stdout: 'kept\n' });
  expect((await identity()).uid).not.toBe(before.uid);
});
