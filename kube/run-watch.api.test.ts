import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../test/cluster/base/run-command.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { ObjectStore } from './object-store.ts';
import { runWatch, type WatchTrouble } from './run-watch.ts';
import { systemClock } from './system-clock.ts';
import { type AdminClient, adminClient, type ConfigMap, configMaps } from './testing/admin-client.ts';
import { type FaultProxy, startFaultProxy } from './testing/fault-proxy.ts';
import type { Change } from './types.ts';
import { wait } from './wait.ts';

const namespace = testNamespace('watch');
const all = new AbortController();
let admin: AdminClient;
let proxy: FaultProxy;
let end: AbortController;

beforeAll(async () => {
  admin = await adminClient(all.signal);
});
afterAll(async () => {
  all.abort();
  await admin.transport.close();
});
beforeEach(async () => {
  end = new AbortController();
  proxy = await startFaultProxy(new URL(currentCluster().apiServerUrl));
});
afterEach(() => {
  end.abort();
  proxy.close();
});

interface Watching {
  readonly store: ObjectStore<ConfigMap>;
  readonly seen: readonly string[];
  readonly troubles: readonly WatchTrouble[];
  /** Resolves when it holds; looked at after every change and trouble. */
  readonly until: (holds: () => boolean) => Promise<void>;
}

/** A watch of the test's label through the fault proxy. */
async function watch(label: string, silenceMs = 90_000): Promise<Watching> {
  const store = new ObjectStore<ConfigMap>();
  const seen: string[] = [];
  const troubles: WatchTrouble[] = [];
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of waiting) check();
  };
  store.subscribe((change: Change<ConfigMap>) => {
    seen.push(`${change.type} ${change.object.metadata.name} ${change.object.data?.['v'] ?? ''}`.trim());
    look();
  }, end.signal);
  const { transport } = await adminClient(end.signal, proxy.url);
  const onTrouble = (trouble: WatchTrouble) => {
    troubles.push(trouble);
    look();
  };
  const scope = { namespace, labelSelector: `case=${label}` };
  const onChange = store.take.bind(store);
  const options = { resource: configMaps, scope, transport, clock: systemClock, random: Math.random, silenceMs };
  void runWatch({ ...options, onChange, onTrouble }, end.signal).then(() => transport.close());
  await Promise.race([store.synced(), wait(10_000, systemClock, end.signal)]);
  expect(troubles).toEqual([]);
  const until = (holds: () => boolean) =>
    new Promise<void>(resolve => {
      const check = () => {
        if (!holds()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { store, seen, troubles, until };
}

async function put(label: string, name: string, v: string): Promise<void> {
  const object = { metadata: { name: `${label}-${name}`, namespace, labels: { case: label } }, data: { v } };
  const written = await admin.client.apply(configMaps, object);
  if (!written.ok) throw new Error(written.refusal.message);
}

const remove = (label: string, name: string) =>
  admin.client.delete(configMaps, { namespace, name: `${label}-${name}` });

test('what exists, changes and goes is seen once each, in order', async () => {
  await put('order', 'a', '1');
  const { seen, until } = await watch('order');
  await put('order', 'b', '1');
  await put('order', 'a', '2');
  await remove('order', 'a');
  await until(() => seen.length >= 4);
  expect(seen).toEqual(['Added order-a 1', 'Added order-b 1', 'Modified order-a 2', 'Deleted order-a 2']);
});

test('a change and a deletion made while disconnected are seen after it, nothing is seen twice', async () => {
  await put('cut', 'stays', '1');
  await put('cut', 'goes', '1');
  const { seen, until, troubles } = await watch('cut');
  proxy.refuse();
  proxy.reset();
  await until(() => troubles.length > 0);
  await put('cut', 'stays', '2');
  await remove('cut', 'goes');
  await put('cut', 'comes', '1');
  proxy.accept();
  await until(() => seen.includes('Added cut-comes 1'));
  expect(seen.slice(2)).toEqual(['Modified cut-stays 2', 'Deleted cut-goes 1', 'Added cut-comes 1']);
});

test('a half-open connection is given up, and what happened meanwhile is seen', async () => {
  const { seen, troubles, until } = await watch('half', 1_500);
  await put('half', 'a', '1');
  await until(() => seen.length === 1);
  proxy.blackhole();
  await put('half', 'a', '2');
  await until(() => seen.length === 2);
  expect(seen).toEqual(['Added half-a 1', 'Modified half-a 2']);
  expect(troubles.map(({ failure }) => failure.reason)).toContain('Silent');
});

test('after a compaction the list is read anew, with a tombstone for what was deleted unseen', async () => {
  await put('compact', 'stays', '1');
  await put('compact', 'goes', '1');
  const { store, seen, troubles, until } = await watch('compact');
  proxy.refuse();
  proxy.reset();
  await until(() => troubles.length > 0);
  await remove('compact', 'goes');
  await put('compact', 'stays', '2');
  await compactAway();
  proxy.accept();
  await until(() => seen.includes('Modified compact-stays 2') && seen.includes('Deleted compact-goes 1'));
  expect(seen).toHaveLength(4);
  expect(store.list().map(({ metadata }) => metadata.name)).toEqual(['compact-stays']);
  expect(troubles.map(({ failure }) => failure.status)).toContain(410);
});

test('a restart of the API server neither loses nor repeats anything', async () => {
  await put('restart', 'a', '1');
  const { seen, until } = await watch('restart');
  await crashApiServer();
  await put('restart', 'a', '2');
  await put('restart', 'b', '1');
  await until(() => seen.includes('Added restart-b 1'));
  expect(seen).toEqual(['Added restart-a 1', 'Modified restart-a 2', 'Added restart-b 1']);
});

test('while the API server is away requests come ever more rarely', async () => {
  const { troubles, until } = await watch('away');
  proxy.refuse();
  proxy.reset();
  const startedMs = performance.now();
  await until(() => troubles.length >= 5);
  expect(performance.now() - startedMs).toBeGreaterThan(100 + 200 + 400);
  proxy.accept();
});

/** Everything older than now goes, in etcd and in the watch cache of a restarted API server. */
async function compactAway(): Promise<void> {
  const cluster = currentCluster();
  const etcd = ['nsenter', `--net=/run/netns/${cluster.layout.controlPlaneNetns}`];
  const ask = (path: string, body: unknown) =>
    runCommand([...etcd, 'curl', '-sf', '-d', JSON.stringify(body), `http://127.0.0.1:2379${path}`]);
  const status = JSON.parse(await ask('/v3/maintenance/status', {})) as { header: { revision: string } };
  await ask('/v3/kv/compaction', { revision: status.header.revision, physical: true });
  await crashApiServer();
}

/** A crash, not a clean end: open watches would hold that up. */
async function crashApiServer(): Promise<void> {
  const cluster = currentCluster();
  await cluster.stop('apiserver', 'SIGKILL');
  await cluster.start('apiserver');
}
