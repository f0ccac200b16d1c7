import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { sampleNowMs as now, sampleRequest } from '../../testing/sample-sandbox.ts';
import { type AskInputs, decideAsk, maxPendingPerNamespace, maxPendingPerSandbox } from './decide-ask.ts';

type Phase = NonNullable<NonNullable<ApprovalRequest['status']>['phase']>;
const minute = 60_000;
const round = (number: number, phase?: Phase, decidedMsAgo = 0): ApprovalRequest =>
  sampleRequest({}, phase && { phase, decidedAt: new Date(now - decidedMsAgo).toISOString() }, {
    'creel.dev/round': String(number),
  });
const ask = (change: Partial<AskInputs>) =>
  decideAsk({
    host: 'api.example.com',
    reason: 'NotListed',
    decision: { verdict: 'Ask', reason: 'NotListed' },
    rounds: [],
    pending: () => ({ ofSandbox: 0, ofNamespace: 0 }),
    isUsedUp: () => false,
    nowMs: now,
    ...change,
  });

test('what was never asked becomes round 0', () => expect(ask({})).toEqual({ type: 'Create', round: 0, denials: 0 }));

test.each<[Phase | undefined]>([[undefined], ['Pending'], ['Snoozed'], ['Approved'], ['Enforced']])(
  'a request that is %s is counted on',
  phase => expect(ask({ rounds: [round(0, 'Expired'), round(1, phase)] })).toMatchObject({ type: 'Count' }),
);

test.each<[Phase]>([['Expired'], ['Revoked'], ['Superseded']])('after %s comes a new round', phase => {
  expect(ask({ rounds: [round(3, phase), round(2, 'Denied')] })).toEqual({ type: 'Create', round: 4, denials: 0 });
});

test('revoked is over at once, whatever the status still says', () => {
  const revoked = round(0, 'Enforced');
  const rounds = [{ ...revoked, spec: { ...revoked.spec, decision: { verdict: 'Revoke' } as const } }];
  expect(ask({ rounds })).toEqual({ type: 'Create', round: 1, denials: 0 });
});

/** Denied for the nth time in a row, so long ago. */
function denied(times: number, agoMs: number, reason?: string): ApprovalRequest {
  const request = round(7, 'Denied', agoMs);
  const decision = { verdict: 'Deny', ...(reason === undefined ? {} : { reason }) } as const;
  const annotations = { ...request.metadata.annotations, 'creel.dev/denials': String(times - 1) };
  return { ...request, metadata: { ...request.metadata, annotations }, spec: { ...request.spec, decision } };
}

describe('A13 a denied question waits longer each time', () => {
  test.each([
    [1, 9 * minute, 'Denied'],
    [1, 11 * minute, 'Create'],
    [2, 19 * minute, 'Denied'],
    [2, 21 * minute, 'Create'],
    [12, 23 * 60 * minute, 'Denied'],
    [12, 25 * 60 * minute, 'Create'],
  ])('after %i denials, %i ms later: %s', (times, agoMs, type) => {
    expect(ask({ rounds: [denied(times, agoMs)] }).type).toBe(type);
  });

  test('the reason and the end of the wait are in the answer', () => {
    expect(ask({ rounds: [denied(1, 4 * minute, 'use the mirror')] })).toMatchObject({
      type: 'Denied',
      standing: { verdict: 'Denied', guidance: 'use the mirror', untilMs: now + 6 * minute },
    });
  });

  test('the next round knows how often it was denied', () => {
    expect(ask({ rounds: [denied(3, 99 * minute)] })).toEqual({ type: 'Create', round: 8, denials: 3 });
  });

  test('an approval in between starts it anew', () => {
    const later = round(8, 'Expired');
    expect(ask({ rounds: [denied(3, minute), later] })).toEqual({ type: 'Create', round: 9, denials: 0 });
  });
});

test('put off is not denied: its denials are counted, and the answer says until when', () => {
  const request = round(0, 'Snoozed', 20 * minute);
  const snoozed = (length: string) => ({
    ...request,
    spec: { ...request.spec, decision: { verdict: 'Snooze', for: length } as const },
  });
  expect(ask({ rounds: [snoozed('1h')] })).toMatchObject({
    type: 'Count',
    standing: { verdict: 'Snoozed', untilMs: now + 40 * minute },
  });
  expect(ask({ rounds: [snoozed('10m')] })).not.toHaveProperty('standing');
});

test('a grant whose last use is spent has ended, also before its status says so', () => {
  const rounds = [round(0, 'Enforced')];
  expect(ask({ rounds, isUsedUp: () => true })).toEqual({ type: 'Create', round: 1, denials: 0 });
});

test('a grant whose time is over has ended, also before its status says so', () => {
  const over = sampleRequest(
    { decision: { verdict: 'Approve', for: '1h' } },
    { phase: 'Enforced', expiresAt: new Date(now).toISOString() },
  );
  expect(ask({ rounds: [over] })).toEqual({ type: 'Create', round: 1, denials: 0 });
});

test.each<[string, Partial<AskInputs>, RegExp]>([
  [
    'a cap of the sandbox',
    { pending: () => ({ ofSandbox: maxPendingPerSandbox, ofNamespace: 0 }) },
    /^TooManyRequests.*this sandbox/,
  ],
  [
    'a cap of the namespace',
    { pending: () => ({ ofSandbox: 0, ofNamespace: maxPendingPerNamespace }) },
    /^TooManyRequests.*this namespace/,
  ],
  ['asking switched off', { decision: { verdict: 'Deny', reason: 'NotListed' } }, /^AskingIsOff/],
  ['an address nobody may reach', { decision: { verdict: 'Deny', reason: 'NeverReachable' } }, /^NeverAskable/],
  [
    'a deny rule',
    { decision: { verdict: 'Deny', reason: 'DenyRule', id: 'cluster/base/no' } },
    /^PolicyDenies: DenyRule cluster/,
  ],
  ['a frozen sandbox', { decision: { verdict: 'Deny', reason: 'Frozen' } }, /^PolicyDenies: Frozen/],
])('refused with its reason: %s', (_what, change, reason) => {
  expect(ask(change)).toMatchObject({ type: 'Refuse', reason: expect.stringMatching(reason) });
});

const approved = (scope: 'Request' | 'Endpoint'): ApprovalRequest => {
  const before = round(0, 'Enforced');
  const requests = scope === 'Request' ? { requests: [{ method: 'GET', path: '/a' }] } : {};
  return { ...before, spec: { ...before.spec, decision: { verdict: 'Approve', for: '1h', scope, ...requests } } };
};
const asked = (sample: string, scope: 'Request' | 'Endpoint' = 'Request') =>
  ask({ reason: 'RequestNotAllowed', sample, rounds: [approved(scope)] });

describe('single requests', () => {
  test('one that was approved is counted, another is a question of its own', () => {
    expect(asked('GET /a').type).toBe('Count');
    expect(asked('GET api.example.com/a').type).toBe('Count');
    for (const other of ['POST /a', 'GET /b', 'GET other.example.com/a', 'GET /a/../b', ''])
      expect(asked(other), other).toMatchObject({ type: 'Create', round: 1 });
  });

  test('nothing is asked again where the whole host was approved', () => {
    expect(asked('POST /b', 'Endpoint').type).toBe('Count');
  });

  test('a denied request of policy is asked of nobody', () => {
    const decision = { verdict: 'Deny', reason: 'RequestDenied', id: 'n/p/r' } as const;
    expect(ask({ reason: 'RequestNotAllowed', decision })).toEqual({
      type: 'Refuse',
      reason: 'PolicyDenies: RequestDenied n/p/r',
    });
  });
});
