import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { createKubeClient } from './kube-client.ts';
import { type AdminClient, adminClient, configMaps } from './testing/admin-client.ts';
import type { ResourceRef } from './types.ts';

const namespace = testNamespace('kube');
const end = new AbortController();
let admin: AdminClient;
beforeAll(async () => {
  admin = await adminClient(end.signal);
});
afterAll(async () => {
  end.abort();
  await admin.transport.close();
});

const configMap = (name: string, data: Record<string, string> = {}, uid?: string) => ({
  metadata: { name, namespace, ...(uid === undefined ? {} : { uid }) },
  data,
});

test('an object that is created is read back, and is undefined once deleted', async () => {
  const { client } = admin;
  const created = await client.create(configMaps, configMap('crud', { a: '1' }));
  expect(created).toMatchObject({ ok: true, object: { data: { a: '1' }, metadata: { uid: expect.any(String) } } });
  expect(await client.get(configMaps, { namespace, name: 'crud' })).toMatchObject({ data: { a: '1' } });
  expect(await client.delete(configMaps, { namespace, name: 'crud' })).toEqual({ ok: true });
  expect(await client.get(configMaps, { namespace, name: 'crud' })).toBeUndefined();
});

test('deleting what is gone is done already', async () => {
  expect(await admin.client.delete(configMaps, { namespace, name: 'never-was' })).toEqual({ ok: true });
});

describe('refusals are values:', () => {
  test('a name that is taken', async () => {
    await admin.client.create(configMaps, configMap('taken'));
    const again = await admin.client.create(configMaps, configMap('taken'));
    expect(again).toMatchObject({ ok: false, refusal: { status: 409, reason: 'AlreadyExists' } });
  });

  test('an apply for another uid than the one that is there', async () => {
    await admin.client.create(configMaps, configMap('foreign', { owner: 'somebody else' }));
    const uid = '00000000-0000-4000-8000-000000000000';
    const applied = await admin.client.apply(configMaps, configMap('foreign', { owner: 'creel' }, uid));
    expect(applied).toMatchObject({ ok: false, refusal: { status: 409, reason: 'Conflict' } });
    const kept = await admin.client.get(configMaps, { namespace, name: 'foreign' });
    expect(kept?.data).toEqual({ owner: 'somebody else' });
  });

  test('an apply for a uid that is gone: nothing is created', async () => {
    const uid = '00000000-0000-4000-8000-000000000000';
    const applied = await admin.client.apply(configMaps, configMap('gone', {}, uid));
    expect(applied).toMatchObject({ ok: false, refusal: { status: 409, reason: 'Conflict' } });
    expect(await admin.client.get(configMaps, { namespace, name: 'gone' })).toBeUndefined();
  });

  test('a deletion of another uid than the one that is there', async () => {
    await admin.client.create(configMaps, configMap('kept'));
    const uid = '00000000-0000-4000-8000-000000000000';
    expect(await admin.client.delete(configMaps, { namespace, name: 'kept' }, { uid })).toMatchObject({
      ok: false,
      refusal: { reason: 'Conflict' },
    });
    expect(await admin.client.get(configMaps, { namespace, name: 'kept' })).toBeDefined();
  });

  test('a field that the kind does not have', async () => {
    const object = { ...configMap('strict'), dta: { a: '1' } };
    const created = await admin.client.create(configMaps, object);
    expect(created).toMatchObject({ ok: false, refusal: { status: 400, message: expect.stringContaining('dta') } });
  });
});

test('apply creates, keeps fields of others, and takes back what is no longer declared', async () => {
  const { client } = admin;
  await client.apply(configMaps, configMap('shared', { ours: '1', gone: 'x' }));
  await client.mergePatch(configMaps, { namespace, name: 'shared' }, { data: { theirs: '2' } });
  const applied = await client.apply(configMaps, configMap('shared', { ours: '3' }));
  expect(applied).toMatchObject({ ok: true, object: { data: { ours: '3', theirs: '2' } } });
  if (applied.ok) expect(applied.object.data).not.toHaveProperty('gone');
});

test('an apply that changes nothing leaves the resourceVersion', async () => {
  const first = await admin.client.apply(configMaps, configMap('idle', { a: '1' }));
  const second = await admin.client.apply(configMaps, configMap('idle', { a: '1' }));
  if (!first.ok || !second.ok) throw new Error('an apply was refused');
  expect(second.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
});

test('a list longer than a page is whole', async () => {
  const names = Array.from({ length: 520 }, (_, index) => `page-${index}`);
  for (let at = 0; at < names.length; at += 40)
    await Promise.all(
      names
        .slice(at, at + 40)
        .map(name => admin.client.create(configMaps, { metadata: { name, namespace, labels: { page: 'true' } } })),
    );
  const items = await admin.client.list(configMaps, { namespace, labelSelector: 'page=true' });
  expect(new Set(items.map(({ metadata }) => metadata.name))).toEqual(new Set(names));
  expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
});

test('a review is answered and not stored', async () => {
  const reviews: ResourceRef = {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenReview',
    plural: 'tokenreviews',
    namespaced: false,
  };
  const answer = await admin.client.post<{ status: { authenticated?: boolean; error?: string } }>(
    reviews,
    {},
    {
      spec: { token: 'not-a-token', audiences: ['creel-hub'] },
    },
  );
  expect(answer.status.authenticated ?? false).toBe(false);
});

test('a client that lost the lease writes nothing and still reads', async () => {
  const { transport } = admin;
  const fenced = createKubeClient({ transport, fieldManager: 'x', signal: end.signal, mayWrite: () => false });
  await expect(fenced.create(configMaps, configMap('fenced'))).rejects.toMatchObject({
    failure: { reason: 'NotLeading' },
  });
  expect(await fenced.get(configMaps, { namespace, name: 'fenced' })).toBeUndefined();
});
