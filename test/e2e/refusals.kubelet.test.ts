// Sandboxes that cannot be: each says which field, what is wrong and what to do, and leaves nothing half-made behind.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { creelUnderTest } from './creel-under-test.ts';
import { outcomeOf, SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-refusals-${process.pid}`);
const taken = {
  pod: {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { containers: [{ name: 'c', image: 'creel.local/agent-tools:dev', command: ['sleep', 'infinity'] }] },
  },
  networkpolicy: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: { podSelector: { matchLabels: { nobody: 'here' } } },
  },
  persistentvolumeclaim: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  },
  serviceaccount: { apiVersion: 'v1', kind: 'ServiceAccount' },
};
const nameOf = (kind: string) => `taken-${kind}`;

beforeAll(async () => {
  await creelUnderTest();
  // Before the label is there nothing keeps a foreign pod from the name.
  await currentCluster().kubectl(['create', 'namespace', namespace.name]);
  for (const [kind, object] of Object.entries(taken))
    await namespace.apply({ ...object, metadata: { name: `csb-${nameOf(kind)}`, namespace: namespace.name } });
  await namespace.create();
  await namespace.applyKey('no-hosts', 'some-key');
  await namespace.applyProfile('no-hosts', 'test/model', 'no-hosts');
  await namespace.applyKey('other-hosts', 'some-key', 'elsewhere.test');
  await namespace.applyProfile('other-hosts', 'test/model', 'other-hosts');
  await namespace.applyProfile('no-secret', 'test/model', 'absent');
});
afterAll(() => namespace.delete());

const stalled = async (name: string) => {
  const { status } = await namespace.waitForSandbox(
    name,
    'to be Stalled',
    sandbox =>
      sandbox.status?.conditions?.some(({ type, status: value }) => type === 'Stalled' && value === 'True') === true,
  );
  return status?.conditions?.find(({ type }) => type === 'Ready');
};

describe('the admission of', () => {
  test.each([
    ['uid 0', { user: { uid: 0 } }, 'spec.user.uid', '0 is less than 1; write 1 or more'],
    ['gid 0', { user: { gid: 0 } }, 'spec.user.gid', '0 is less than 1; write 1 or more'],
    ['the sidecar’s uid', { user: { uid: 1337 } }, 'spec.user.uid', 'choose another, for example 1000'],
    ['the sidecar’s gid', { user: { gid: 1337 } }, 'spec.user.gid', 'choose another, for example 1000'],
  ])('%s is refused with field and remedy', async (_what, spec, field, remedy) => {
    const { exitCode, stderr } = await outcomeOf(namespace.applySandbox('refused', spec).then(() => ''));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(field);
    expect(stderr).toContain(remedy);
    expect((await outcomeOf(namespace.kubectl(['get', 'csb', 'refused']))).stderr).toContain('not found');
  });
});

describe('a model’s route that cannot be', () => {
  test.each([
    [
      'absent',
      'spec.inference.profile',
      'there is no InferenceProfile absent',
      'there are no-hosts, no-secret, other-hosts',
    ],
    [
      'no-hosts',
      'spec.inference.profile',
      'does not say where its key may be sent',
      'kubectl annotate secret no-hosts',
    ],
    ['other-hosts', 'spec.inference.profile', 'may not be sent to model.test', 'kubectl annotate secret other-hosts'],
    ['no-secret', 'spec.credential.secretRef', 'there is no Secret', 'kubectl create secret generic absent'],
  ])('by profile %s: named, with the remedy, and nothing is made', async (profile, ...parts) => {
    await namespace.applySandbox(`with-${profile}`, { inference: { profile } });
    const ready = await stalled(`with-${profile}`);
    expect(ready).toMatchObject({ status: 'False', reason: 'InferenceNotReady' });
    for (const part of parts) expect(ready?.message).toContain(part);
    expect(await namespace.childrenOf(`with-${profile}`)).toEqual([]);
  });

  test('goes on by itself once the remedy was typed', async () => {
    await namespace.kubectl(['annotate', 'secret', 'no-hosts', '--overwrite', 'creel.dev/allowed-hosts=model.test']);
    await namespace.waitForCondition('csb', 'with-no-hosts', 'Ready', 'True', 60_000);
  });
});

describe('a name that is taken by a foreign', () => {
  test.each(Object.keys(taken))('%s: said so, it is left alone, and nothing else is made', async kind => {
    const name = nameOf(kind);
    const before = await namespace.get<{ metadata: { uid: string; resourceVersion: string } }>(kind, `csb-${name}`);
    await namespace.applySandbox(name);
    const ready = await stalled(name);
    expect(ready).toMatchObject({ status: 'False', reason: 'NameTaken' });
    expect(ready?.message.toLowerCase()).toContain(`${kind} csb-${name} exists and is not this sandbox's`);
    expect(ready?.message).toMatch(/kubectl -n \S+ (delete|annotate)/);
    const after = await namespace.get<{ metadata: { uid: string; ownerReferences?: unknown } }>(kind, `csb-${name}`);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.ownerReferences).toBeUndefined();
    expect((await namespace.childrenOf(name)).map(child => child.replace(/[./].*/, ''))).toEqual([kind]);
  });
});

test('a deleted Sandbox takes all that was made for it along, its requests included', async () => {
  const name = 'with-no-hosts';
  expect(await namespace.childrenOf(name)).toHaveLength(4);
  await namespace.inside(name, 'curl -s -m 10 https://asked.example.org/');
  const request = await namespace.waitForRequest(({ spec }) => spec.sandbox.name === name, 'a request');
  await namespace.kubectl(['delete', 'csb', name, '--timeout=60s']);
  const left = async () => {
    const requests = await namespace.kubectl([
      'get',
      'apr',
      request.metadata.name,
      '--ignore-not-found',
      '--output=name',
    ]);
    const all = [...(await namespace.childrenOf(name)), ...requests.split('\n').filter(Boolean)];
    return all.length === 0 ? true : undefined;
  };
  await waitUntil(left, { what: 'nothing of it to be left', timeoutMs: 90_000, intervalMs: 500 });
});
