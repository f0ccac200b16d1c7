import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { testNamespace } from '../../../test/cluster/test-namespace.ts';
import type { Pod } from '../../core-types.ts';
import { resources } from '../../resources.ts';
import { installCrds, labSidecarImage, type OperatorLab, openOperatorLab } from '../../testing/operator-lab.ts';

const prepared = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('sbx', prepared);
const plainNamespace = testNamespace('sbx-plain');
let lab: OperatorLab;
let plain: OperatorLab;

beforeAll(async () => {
  await installCrds();
  lab = await openOperatorLab(namespace);
  plain = await openOperatorLab(plainNamespace);
});
afterAll(async () => {
  await lab.close();
  await plain.close();
});

const at = (name: string) => ({ namespace, name });
const child = (name: string) => at(`csb-${name}`);

async function create(
  name: string,
  spec: Partial<Sandbox['spec']> = {},
  where = lab,
  space = namespace,
): Promise<Sandbox> {
  const object = { metadata: { name, namespace: space }, spec: { image: 'creel.example/agent:1', ...spec } };
  const written = await where.client.create(resources.sandboxes, object as unknown as Sandbox);
  if (!written.ok) throw new Error(written.refusal.message);
  return written.object;
}

const patchSpec = (name: string, spec: object) => lab.client.mergePatch(resources.sandboxes, at(name), { spec });
const read = (name: string, space = namespace) => lab.client.get(resources.sandboxes, { namespace: space, name });
const condition = (sandbox: Sandbox | undefined, type: string) =>
  sandbox?.status?.conditions?.find(each => each.type === type);
const until = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 10_000, interval: 20 });
const untilPod = async (name: string): Promise<Pod> => {
  await until(
    async () =>
      (await lab.client.get(resources.pods, child(name))) ??
      JSON.stringify([lab.failures, (await read(name))?.status?.conditions?.slice(0, 3)]),
  ).toMatchObject({ metadata: {} });
  await until(async () => (await read(name))?.status?.podUid).toBeDefined();
  const pod = await lab.client.get(resources.pods, child(name));
  if (pod === undefined) throw new Error('the pod went away');
  return pod;
};

describe('a Sandbox', () => {
  test('becomes a service account, a workspace, a NetworkPolicy and a pod, and says so once', async () => {
    const before = lab.writes.length;
    const sandbox = await create('whole');
    const pod = await untilPod('whole');
    await lab.settled();
    const children = await Promise.all(
      [resources.serviceAccounts, resources.persistentVolumeClaims, resources.networkPolicies].map(resource =>
        lab.client.get<KubeObject>(resource, child('whole')),
      ),
    );
    for (const object of [...children, pod])
      expect(object?.metadata.ownerReferences).toMatchObject([{ uid: sandbox.metadata.uid, controller: true }]);
    expect((await read('whole'))?.status).toMatchObject({
      phase: 'Starting',
      pod: 'csb-whole',
      podUid: pod.metadata.uid,
      sidecar: { image: labSidecarImage, outdated: false },
    });
    const writes = lab.writes.slice(before + 1);
    expect(writes.filter(write => write.startsWith('POST'))).toHaveLength(4);
    expect(writes.filter(write => write.endsWith('/whole/status'))).toHaveLength(1);
    expect(lab.failures).toEqual([]);
  });

  test('that has not changed is reconciled without a write', async () => {
    await create('still');
    await untilPod('still');
    await lab.settled();
    const before = lab.writes.length;
    const touched = await lab.client.mergePatch(resources.sandboxes, at('still'), {
      metadata: { annotations: { touched: 'yes' } },
    });
    expect(touched.ok).toBe(true);
    await until(async () => lab.stores.sandboxes.get(at('still'))?.metadata.annotations?.['touched']).toBe('yes');
    await lab.settled();
    expect(lab.writes.slice(before + 1)).toEqual([]);
  });

  test('keeps its workspace over suspend and resume, and gets a new pod', async () => {
    await create('sleeper');
    const first = await untilPod('sleeper');
    const claim = await lab.client.get(resources.persistentVolumeClaims, child('sleeper'));
    await patchSpec('sleeper', { lifecycle: { suspend: true } });
    await until(() => lab.client.get(resources.pods, child('sleeper'))).toBeUndefined();
    await until(async () => (await read('sleeper'))?.status?.phase).toBe('Suspended');
    expect(await lab.client.get(resources.persistentVolumeClaims, child('sleeper'))).toMatchObject({
      metadata: { uid: claim?.metadata.uid },
    });
    await until(async () => (await read('sleeper'))?.status).not.toHaveProperty('pod');
    await patchSpec('sleeper', { lifecycle: { suspend: false } });
    await until(async () => (await untilPod('sleeper')).metadata.uid).not.toBe(first.metadata.uid);
  });

  test('whose spec changes says that a restart would change something, and its pod lives on', async () => {
    await create('stale');
    const pod = await untilPod('stale');
    await patchSpec('stale', { image: 'creel.example/agent:2' });
    await until(async () => condition(await read('stale'), 'Outdated')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('kubectl -n'),
    });
    expect((await untilPod('stale')).metadata.uid).toBe(pod.metadata.uid);
  });
});

describe('what was deleted or edited comes back:', () => {
  test('(there is something to guard)', async () => {
    await create('guarded');
    await untilPod('guarded');
    await lab.settled();
  });

  test.each([
    ['NetworkPolicy', resources.networkPolicies],
    ['service account', resources.serviceAccounts],
  ])('a deleted %s', async (_what, resource) => {
    const before = await lab.client.get<KubeObject>(resource, child('guarded'));
    await lab.client.delete(resource, child('guarded'));
    await until(
      async () => (await lab.client.get<KubeObject>(resource, child('guarded')))?.metadata.uid ?? before?.metadata.uid,
    ).not.toBe(before?.metadata.uid);
  });

  test.each([
    ['an egress rule to everywhere', { spec: { egress: [{}] } }],
    ['an ingress rule', { spec: { ingress: [{}] } }],
    ['another selector', { spec: { podSelector: { matchLabels: { other: 'pod' } } } }],
    ['only ingress governed', { spec: { policyTypes: ['Ingress'] } }],
  ])('a NetworkPolicy with %s', async (_what, patch) => {
    const good = (await lab.client.get(resources.networkPolicies, child('guarded'))) as { spec?: unknown };
    await lab.client.mergePatch(resources.networkPolicies, child('guarded'), patch);
    await until(
      async () => ((await lab.client.get(resources.networkPolicies, child('guarded'))) as { spec?: unknown }).spec,
    ).toEqual(good.spec);
  });

  test('a label that the NetworkPolicy selects the pod by', async () => {
    await lab.client.mergePatch(resources.pods, child('guarded'), {
      metadata: { labels: { 'creel.dev/sandbox': null } },
    });
    await until(
      async () => (await lab.client.get(resources.pods, child('guarded')))?.metadata.labels?.['creel.dev/sandbox'],
    ).toBe('guarded');
  });

  test('a pod whose sidecar image was swapped is replaced', async () => {
    const before = await untilPod('guarded');
    await lab.client.mergePatch(resources.pods, child('guarded'), {
      metadata: {},
      spec: {
        containers: [
          { ...containerOf(before, 'sidecar'), image: 'evil.example/sidecar' },
          containerOf(before, 'agent'),
        ],
      },
    });
    await until(
      async () => (await lab.client.get(resources.pods, child('guarded')))?.metadata.uid ?? before.metadata.uid,
    ).not.toBe(before.metadata.uid);
    expect(containerOf(await untilPod('guarded'), 'sidecar')).toMatchObject({ image: labSidecarImage });
  });
});

describe('a name that is taken:', () => {
  test.each([
    [
      'PersistentVolumeClaim',
      resources.persistentVolumeClaims,
      { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    ],
    ['ServiceAccount', resources.serviceAccounts, {}],
    ['NetworkPolicy', resources.networkPolicies, { spec: { podSelector: {} } }],
    [
      'Pod',
      resources.pods,
      {
        spec: {
          containers: [{ name: 'a', image: 'x' }],
          serviceAccountName: 'foreign',
          automountServiceAccountToken: false,
        },
      },
    ],
  ])(
    'a foreign %s is left alone, nothing else is made, and the condition says what to do',
    async (kind, resource, body) => {
      const name = `taken-${kind.toLowerCase()}`;
      await lab.client.create(resources.serviceAccounts, { metadata: at('foreign') });
      const foreign = await lab.client.create(resource, { metadata: child(name), ...body });
      if (!foreign.ok) throw new Error(foreign.refusal.message);
      await create(name);
      await until(async () => condition(await read(name), 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'NameTaken',
        message: expect.stringMatching(new RegExp(`^${kind} csb-${name} exists`)),
      });
      await lab.settled();
      const all = [
        resources.pods,
        resources.persistentVolumeClaims,
        resources.networkPolicies,
        resources.serviceAccounts,
      ];
      for (const each of all) {
        const found = await lab.client.get<KubeObject>(each, child(name));
        expect(found?.metadata.uid).toBe(each === resource ? foreign.object.metadata.uid : undefined);
      }
    },
  );

  test('a pod of the right name and owner that the operator did not make is replaced', async () => {
    const sandbox = await create('forged', { lifecycle: { suspend: true } });
    await until(async () => (await read('forged'))?.status?.phase).toBe('Suspended');
    await lab.client.create(resources.serviceAccounts, { metadata: at('foreign') });
    const { name, uid } = sandbox.metadata;
    const forged = await lab.client.create(resources.pods, {
      metadata: {
        ...child('forged'),
        ownerReferences: [{ apiVersion: 'creel.dev/v1alpha1', kind: 'Sandbox', name, uid, controller: true }],
      },
      spec: {
        containers: [{ name: 'agent', image: 'x' }],
        serviceAccountName: 'foreign',
        automountServiceAccountToken: false,
      },
    } as KubeObject);
    if (!forged.ok) throw new Error(forged.refusal.message);
    await patchSpec('forged', { lifecycle: { suspend: false } });
    await until(async () => {
      const podUid = (await lab.client.get(resources.pods, child('forged')))?.metadata.uid;
      const recorded = (await read('forged'))?.status?.podUid;
      return [podUid === recorded, podUid !== undefined, podUid !== forged.object.metadata.uid];
    }).toEqual([true, true, true]);
  });
});

describe('what keeps a sandbox from starting is said with its remedy, and nothing is made:', () => {
  test('a profile that does not exist, until it does', async () => {
    await create('modelless', { inference: { profile: 'nowhere' } });
    await until(async () => condition(await read('modelless'), 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'InferenceNotReady',
      message: expect.stringContaining('no InferenceProfile nowhere'),
    });
    expect(await lab.client.get(resources.pods, child('modelless'))).toBeUndefined();
    expect(await lab.client.get(resources.serviceAccounts, child('modelless'))).toBeUndefined();
    await lab.client.create(resources.inferenceProfiles, {
      metadata: at('nowhere'),
      spec: { provider: 'OpenAI', endpoint: 'https://models.example/v1', model: 'm' },
    } as never);
    await untilPod('modelless');
    expect(condition(await read('modelless'), 'Stalled')).toMatchObject({ status: 'False' });
  });

  test('a namespace nobody has prepared', async () => {
    await create('homeless', {}, plain, plainNamespace);
    await until(async () => condition(await read('homeless', plainNamespace), 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'NamespaceNotPrepared',
      message: expect.stringContaining(
        `kubectl label namespace ${plainNamespace} --overwrite creel.dev/sandboxes=true`,
      ),
    });
    await plain.settled();
    expect(
      await plain.client.list<KubeObject>(resources.persistentVolumeClaims, { namespace: plainNamespace }),
    ).toEqual([]);
    expect(plain.stores.pods.list()).toEqual([]);
  });
});

test('a workspace that is to be kept has no owner, and another Sandbox takes it over only where a person says so', async () => {
  const first = await create('keeper', { workspace: { onDelete: 'Retain' } });
  await untilPod('keeper');
  const claim = await lab.client.get<KubeObject>(resources.persistentVolumeClaims, child('keeper'));
  expect(claim?.metadata.ownerReferences).toBeUndefined();
  await patchSpec('keeper', { workspace: { onDelete: 'Delete' } });
  await until(
    async () =>
      (await lab.client.get<KubeObject>(resources.persistentVolumeClaims, child('keeper')))?.metadata.ownerReferences,
  ).toMatchObject([{ uid: first.metadata.uid }]);
});

function containerOf(pod: Pod | undefined, name: string) {
  return pod?.spec?.containers?.find(container => container.name === name);
}
