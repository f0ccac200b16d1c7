import { afterAll, beforeAll, expect, test } from 'vitest';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { acquireLeadership, type Leadership } from './leader-lease.ts';
import { leases } from './lease.ts';
import { systemClock } from './system-clock.ts';
import { type AdminClient, adminClient } from './testing/admin-client.ts';
import { untilAborted } from './until-aborted.ts';

const namespace = testNamespace('lease');
const end = new AbortController();
let admin: AdminClient;
beforeAll(async () => {
  admin = await adminClient(end.signal);
});
afterAll(async () => {
  end.abort();
  await admin.transport.close();
});

function acquire(name: string, identity: string, monotonicMs = () => performance.now()): Promise<Leadership> {
  const timing = { durationMs: 2_000, deadlineMs: 1_200, renewMs: 300 };
  const options = { ...admin, lease: { namespace, name }, identity, clock: systemClock, random: Math.random };
  return acquireLeadership({ ...options, monotonicMs, timing, onTrouble: () => undefined }, end.signal);
}

test('one of two leads; a clean hand-over is immediate and raises the epoch', async () => {
  const first = await acquire('handover', 'a');
  let second: Leadership | undefined;
  const waiting = acquire('handover', 'b').then(leadership => {
    second = leadership;
    return leadership;
  });
  await admin.client.list(leases, { namespace });
  expect(second).toBeUndefined();
  const startedMs = performance.now();
  await first.release();
  const next = await waiting;
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(next.epoch).toBe(first.epoch + 1);
  expect(first.isCurrent()).toBe(false);
  await next.release();
});

test('a paused leader is not current when it wakes, until it has renewed what nobody took meanwhile', async () => {
  let jumpMs = 0;
  const leader = await acquire('paused', 'a', () => performance.now() + jumpMs);
  expect(leader.isCurrent()).toBe(true);
  jumpMs = 60_000;
  expect(leader.isCurrent()).toBe(false);
  await leader.release();
  expect(leader.lost.aborted).toBe(true);
});

test('a leader whose lease was taken from it stops, and its successor has the next epoch', async () => {
  const leader = await acquire('stolen', 'a');
  await admin.client.mergePatch(leases, { namespace, name: 'stolen' }, { spec: { holderIdentity: 'thief' } });
  await untilAborted(leader.lost);
  expect(leader.isCurrent()).toBe(false);
  const next = await acquire('stolen', 'b');
  expect(next.epoch).toBe(leader.epoch + 1);
  await next.release();
});

test('an epoch never goes back, though somebody deletes the lease', async () => {
  const leader = await acquire('deleted', 'a');
  await leader.release();
  await admin.client.delete(leases, { namespace, name: 'deleted' });
  const next = await acquire('deleted', 'b');
  expect(next.epoch).toBeGreaterThanOrEqual(leader.epoch);
  await next.release();
});
