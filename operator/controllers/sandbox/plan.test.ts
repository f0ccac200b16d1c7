import { describe, expect, test } from 'vitest';
import type { Pod } from '../../core-types.ts';
import { sampleNowMs, sampleSandbox, sampleWorld } from '../../testing/sample-sandbox.ts';
import { buildServiceAccount } from './build-service-account.ts';
import { buildWorkspace } from './build-workspace.ts';
import { type Action, planSandbox } from './plan.ts';
import { buildPod } from './pod/build-pod.ts';
import { buildStatus } from './status/build-status.ts';
import { buildNetworkPolicy } from './wall/build-network-policy.ts';
import { planWall } from './wall/plan-wall.ts';
import type { SandboxWorld } from './world.ts';

const summary = (actions: readonly Action[]) => actions.map(({ type, resource }) => `${type} ${resource.kind}`);
const ready = {
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [{ name: 'agent', ready: true, restartCount: 0, state: { running: {} } }],
};

/** A world in which everything that was planned stands. */
function settled(change: Partial<SandboxWorld> = {}): SandboxWorld {
  const empty = sampleWorld(change);
  const { sandbox, settings, current, wall } = empty;
  if ('missing' in settings) throw new Error(settings.missing);
  const pod = buildPod(sandbox, settings) as unknown as Pod;
  const workspace = buildWorkspace(sandbox);
  return {
    ...empty,
    serviceAccount: buildServiceAccount(sandbox),
    networkPolicy: buildNetworkPolicy(sandbox, planWall(current?.snapshot, wall)),
    ...(workspace === undefined ? {} : { workspace }),
    pod: { ...pod, metadata: { ...pod.metadata, uid: 'pod-1' }, status: { phase: 'Running', ...ready } },
    ...change,
  };
}
const withPod = (change: (pod: Pod) => Pod, world: Partial<SandboxWorld> = {}): SandboxWorld => {
  const base = settled(world);
  return base.pod ? { ...base, pod: change(base.pod) } : base;
};
const ended =
  (exitCode: number) =>
  (pod: Pod): Pod => ({
    ...pod,
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'agent', ready: false, restartCount: 0, state: { terminated: { exitCode } } }],
    },
  });

test('a new sandbox: what the pod needs first, the pod last', () => {
  const { actions } = planSandbox(sampleWorld());
  expect(summary(actions)).toEqual([
    'Create ServiceAccount',
    'Create PersistentVolumeClaim',
    'Create NetworkPolicy',
    'Create Pod',
  ]);
  expect(actions.map(action => (action.type === 'Create' ? action.stage : 0))).toEqual([1, 1, 1, 2]);
});

test('a settled one: nothing', () => expect(planSandbox(settled()).actions).toEqual([]));

test.each<[string, SandboxWorld, string[]]>([
  ['not compiled yet', sampleWorld({ current: undefined }), []],
  [
    'an emptyDir needs no claim',
    sampleWorld({ sandbox: sampleSandbox({ workspace: { ephemeral: true } }) }),
    ['Create ServiceAccount', 'Create NetworkPolicy', 'Create Pod'],
  ],
  ['suspended', settled({ sandbox: sampleSandbox({ lifecycle: { suspend: true } }) }), ['Delete Pod']],
  ['expired', settled({ sandbox: sampleSandbox({ lifecycle: { expiresAfter: '59m' } }) }), ['Delete Pod']],
  [
    'expired, to be deleted',
    settled({ sandbox: sampleSandbox({ lifecycle: { expiresAfter: '59m', onExpiry: 'Delete' } }) }),
    ['Delete Sandbox'],
  ],
  ['a pod nobody recorded', settled({ isRecorded: () => false }), ['Delete Pod']],
  ['an evicted pod', withPod(pod => ({ ...pod, status: { phase: 'Failed', reason: 'Evicted' } })), ['Delete Pod']],
  [
    'a swapped image',
    withPod(pod => ({ ...pod, spec: { containers: [{ name: 'sidecar', image: 'evil' }] } })),
    ['Delete Pod'],
  ],
  ['a pod that is leaving', withPod(pod => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'now' } })), []],
  ['a foreign pod', withPod(pod => ({ ...pod, metadata: { ...pod.metadata, ownerReferences: [] } })), []],
  ['a lost label', withPod(pod => ({ ...pod, metadata: { ...pod.metadata, labels: {} } })), ['PatchMetadata Pod']],
  ['a lost NetworkPolicy', settled({ networkPolicy: undefined }), ['Create NetworkPolicy']],
])('%s', (_what, world, actions) => expect(summary(planSandbox(world).actions)).toEqual(actions));

describe('a command that has ended', () => {
  test.each([
    ['Never', 0, 'Completed'],
    ['Never', 3, 'Failed'],
    ['OnFailure', 0, 'Completed'],
    ['OnFailure', 3, 'Starting'],
    ['Always', 0, 'Starting'],
  ] as const)('with restart %s and exit code %i: %s', (restart, exitCode, phase) => {
    const world = withPod(ended(exitCode), { sandbox: sampleSandbox({ lifecycle: { restart } }) });
    const plan = planSandbox(world);
    expect(plan.actions).toEqual([]);
    expect(buildStatus(world, plan, {})).toMatchObject({ phase });
  });
  test('stays ended when its pod is gone, until the spec changes', () => {
    const status = { phase: 'Completed', exitCode: 0, observedGeneration: 1 } as const;
    const sandbox = sampleSandbox({ lifecycle: { restart: 'Never' } }, status);
    expect(planSandbox({ ...settled({ sandbox }), pod: undefined }).actions).toEqual([]);
    const changed = { ...sandbox, metadata: { ...sandbox.metadata, generation: 2 } };
    expect(summary(planSandbox({ ...settled({ sandbox: changed }), pod: undefined }).actions)).toEqual(['Create Pod']);
  });
});

test('the uid of a pod that the operator did not make is never recorded', () => {
  const world = settled({ isRecorded: () => false });
  expect(buildStatus(world, planSandbox(world), {})).not.toHaveProperty('podUid');
});

test('a running sandbox is Ready, and a second status equals the first', () => {
  const world = settled();
  const status = buildStatus(world, planSandbox(world), {});
  expect(status).toMatchObject({ phase: 'Running', podUid: 'pod-1', policy: { revision: '1.4' } });
  expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
  const later = { ...world, sandbox: { ...world.sandbox, status }, nowMs: sampleNowMs + 5000 };
  expect(buildStatus(later, planSandbox(later), {})).toEqual(status);
});

test('a problem that somebody must solve names the remedy', () => {
  const world = sampleWorld({ namespace: { metadata: { name: 'team-a' } } });
  const plan = planSandbox(world);
  expect(plan.actions).toEqual([]);
  expect(plan.problem?.message).toContain('kubectl label namespace team-a --overwrite creel.dev/sandboxes=true');
});
