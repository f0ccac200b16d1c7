import { expect, test } from 'vitest';
import { sampleNowMs as now, sampleRequest } from '../../testing/sample-sandbox.ts';
import { findCollectable } from './find-collectable.ts';

const hour = 3_600_000;
const ended = (hoursAgo: number, phase: 'Denied' | 'Pending' = 'Denied') =>
  sampleRequest(
    {},
    { phase, ...(phase === 'Denied' ? { endedAt: new Date(now - hoursAgo * hour).toISOString() } : {}) },
  );

test('a day after its end a request goes, an open one never', () => {
  const requests = [ended(25), ended(23), ended(99, 'Pending')];
  expect(findCollectable(requests, now)).toEqual({ now: [requests[0]], againAfterMs: hour });
});

test('of many that ended today the newest fifty stay', () => {
  const requests = Array.from({ length: 60 }, (_, index) => ended(index / 60));
  expect(findCollectable(requests, now).now).toEqual(requests.slice(50));
});

test('nothing ended, nothing to do', () => {
  expect(findCollectable([ended(1, 'Pending')], now)).toEqual({ now: [] });
});

test('A13 a denial is not forgotten because others ended after it, while it keeps its question away', () => {
  const decidedAt = new Date(now - 5 * 60_000).toISOString();
  const decision = { verdict: 'Deny' } as const;
  const denied = sampleRequest({ decision }, { phase: 'Denied', decidedAt, endedAt: decidedAt });
  const newer = Array.from({ length: 60 }, (_, index) => ended(index / 6000));
  expect(findCollectable([denied, ...newer], now).now).toEqual(newer.slice(50));
  const { now: over } = findCollectable([denied, ...newer], now + 6 * 60_000);
  expect(over).toContain(denied);
  const many = Array.from({ length: 250 }, (_, index) => ended(index / 60_000));
  expect(findCollectable([denied, ...many], now).now).toContain(denied);
});
