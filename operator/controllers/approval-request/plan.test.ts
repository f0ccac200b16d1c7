import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { sampleNowMs, sampleRequest } from '../../testing/sample-sandbox.ts';
import { type ApprovalStatus, type ApprovalWorld, planApproval } from './plan.ts';

const now = sampleNowMs;
const iso = (ms: number) => new Date(ms).toISOString();
const hour = 3_600_000;
type Decision = NonNullable<ApprovalRequest['spec']['decision']>;

function plan(decision: Decision | undefined, status: ApprovalStatus | undefined, world: Partial<ApprovalWorld> = {}) {
  const request = sampleRequest(decision ? { decision } : {}, status);
  return planApproval({ request, nowMs: now, decisionSeenMs: now, podCreatedMs: now - hour, ...world });
}
const approve = (duration = '1h'): Decision => ({ verdict: 'Approve', for: duration });
/** A status of what was decided before. */
const earlier = (status: ApprovalStatus): ApprovalStatus => ({ ...status, observedGeneration: 1 });
const enforced = { revision: '1.5', atMs: now + 7 };
const approved: ApprovalStatus = { phase: 'Approved', decidedAt: iso(now - 1000), expiresAt: iso(now - 1000 + hour) };

describe('phases', () => {
  test.each<[string, Decision | undefined, ApprovalStatus | undefined, Partial<ApprovalWorld>, string]>([
    ['nothing decided', undefined, undefined, {}, 'Pending'],
    ['a policy answers it', undefined, { phase: 'Pending' }, { answeredBy: 'team-a/p/r' }, 'Superseded'],
    ['put off, and a policy answers it', { verdict: 'Snooze' }, undefined, { answeredBy: 'a/p/r' }, 'Superseded'],
    ['a policy allows all that was granted', approve(), approved, { answeredBy: 'team-a/p/r' }, 'Superseded'],
    ['so it did, and the policy is gone', approve(), { ...approved, phase: 'Superseded' }, {}, 'Superseded'],
    ['denied, and a policy allows it', { verdict: 'Deny' }, undefined, { answeredBy: 'team-a/p/r' }, 'Denied'],
    ['approved', approve(), { phase: 'Pending' }, {}, 'Approved'],
    ['approved and acked', approve(), { phase: 'Pending' }, { enforced }, 'Enforced'],
    ['acked later', approve(), approved, { enforced }, 'Enforced'],
    ['enforced, and the hub has forgotten', approve(), { ...approved, phase: 'Enforced' }, {}, 'Enforced'],
    ['over', approve(), approved, { nowMs: now + hour, enforced }, 'Expired'],
    ['expired, and the clock went back', approve(), { ...approved, phase: 'Expired' }, { enforced }, 'Expired'],
    ['denied', { verdict: 'Deny' }, { phase: 'Pending' }, {}, 'Denied'],
    ['denied, then approved', approve(), earlier({ phase: 'Denied', decidedAt: iso(now - hour) }), {}, 'Approved'],
    ['revoked', { verdict: 'Revoke' }, earlier({ ...approved, phase: 'Enforced' }), { enforced }, 'Revoked'],
    ['put off, then approved', approve(), earlier({ phase: 'Snoozed', decidedAt: iso(now - hour) }), {}, 'Approved'],
    [
      'put off again',
      { verdict: 'Snooze' },
      earlier({ phase: 'Pending', decidedAt: iso(now - 9 * hour) }),
      {},
      'Snoozed',
    ],
    ['snoozed', { verdict: 'Snooze' }, { phase: 'Pending' }, {}, 'Snoozed'],
    ['snoozed long enough', { verdict: 'Snooze' }, { phase: 'Snoozed', decidedAt: iso(now - 2 * hour) }, {}, 'Pending'],
    ['session, same pod', approve('session'), undefined, {}, 'Approved'],
    ['session, newer pod', approve('session'), { phase: 'Enforced', decidedAt: iso(now - 2 * hour) }, {}, 'Expired'],
  ])('%s', (_what, decision, status, world, phase) => {
    expect(plan(decision, status, world).status.phase).toBe(phase);
  });

  test('a session without a pod has ended', () => {
    const request = sampleRequest({ decision: approve('session') });
    expect(planApproval({ request, nowMs: now, decisionSeenMs: now }).status.phase).toBe('Expired');
  });
});

describe('times', () => {
  test('are set once, from when the decision was seen', () => {
    const first = plan(approve(), { phase: 'Pending' }, { nowMs: now + 50 }).status;
    expect(first).toMatchObject({ decidedAt: iso(now), expiresAt: iso(now + hour) });
    const later = plan(approve(), first, { nowMs: now + 60_000, decisionSeenMs: now + 60_000 }).status;
    expect(later).toMatchObject({ decidedAt: iso(now), expiresAt: iso(now + hour) });
  });
  test('a second decision has its own', () => {
    const { status } = plan(
      approve(),
      earlier({ phase: 'Denied', decidedAt: iso(now - hour), endedAt: iso(now - hour) }),
    );
    expect(status.decidedAt).toBe(iso(now));
    expect(status).not.toHaveProperty('endedAt');
  });
  test('say how long enforcing took, and keep it', () => {
    const { status } = plan(approve(), { phase: 'Pending' }, { enforced });
    expect(status).toMatchObject({ enforcedInMs: 7, enforcedRevision: '1.5' });
    expect(plan(approve(), status, { enforced: { revision: '1.9', atMs: now + 9999 } }).status).toMatchObject({
      enforcedInMs: 7,
    });
  });
  test.each(['Approve', 'Snooze'] as const)('%s for longer than a date can say is planned like any other', verdict => {
    const { status } = plan({ verdict, for: '9999999999999999h' }, { phase: 'Pending' });
    expect(status.decidedAt).toBe(iso(now));
    expect(status.expiresAt).toMatch(/^2\d{3}-/);
  });
  test('the next look is at the expiry, and there is none after the end', () => {
    expect(plan(approve(), approved).againAfterMs).toBe(hour - 1000);
    expect(plan(approve(), approved, { nowMs: now + hour })).not.toHaveProperty('againAfterMs');
  });
});

test('planning twice changes nothing', () => {
  for (const decision of [undefined, approve(), { verdict: 'Deny' }, { verdict: 'Snooze' }] as const) {
    const first = plan(decision, undefined).status;
    expect(plan(decision, first).status).toEqual(first);
  }
});

test('history has one line a phase, with who and why, and at most ten', () => {
  let status: ApprovalStatus | undefined;
  for (let round = 0; round < 8; round++) {
    status = plan({ verdict: 'Deny', by: 'kim', reason: 'no' }, status && earlier(status)).status;
    status = plan({ ...approve(), by: 'kim' }, earlier(status)).status;
  }
  expect(status?.history).toHaveLength(10);
  expect(status?.history?.[8]).toMatchObject({ phase: 'Denied', by: 'kim', message: 'no' });
});

describe('Granted', () => {
  test('of an approval that a ceiling forbids says so', () => {
    const refusal = 'beyond the ceiling of cluster/base';
    expect(granted(approve(), { phase: 'Pending' }, { refusal })).toMatchObject({
      type: 'Granted',
      status: 'False',
      reason: 'NotInForce',
      message: refusal,
    });
  });
  test('of an approval for a number of uses is not refused while it is written who counts them', () => {
    const world = { refusal: 'its uses are counted by the sandbox', counted: { used: 0, countedBy: 'ab' } };
    const first = plan({ ...approve(), maxUses: 2 }, { phase: 'Pending' }, world).status;
    expect(first).toMatchObject({ countedBy: 'ab', conditions: [{ status: 'True' }] });
    expect(granted({ ...approve(), maxUses: 2 }, first, world)).toMatchObject({ reason: 'NotInForce' });
  });
  test('of a request that waits has the commands of both ways to decide', () => {
    const condition = granted(undefined, undefined);
    expect(condition).toMatchObject({ status: 'False', reason: 'Undecided' });
    expect(condition?.message).toContain('kubectl creel -n team-a approve apr/apr-sample --for 1h');
    expect(condition?.message).toContain(
      `kubectl -n team-a patch apr apr-sample --type=merge -p '{"spec":{"decision":{"verdict":"Approve","for":"1h"}}}'`,
    );
  });
  test('is not left True by an approval that was taken back', () => {
    const { status } = plan(approve(), { phase: 'Pending' }, { enforced });
    expect(status.conditions?.[0]).toMatchObject({ status: 'True', reason: 'Granted' });
    expect(granted({ verdict: 'Revoke', reason: 'sent' }, earlier(status), { nowMs: now + 9 })).toMatchObject({
      status: 'False',
      reason: 'Revoked',
      message: 'sent',
      lastTransitionTime: iso(now + 9),
    });
    expect(plan({ verdict: 'Revoke' }, earlier(status)).status).not.toHaveProperty('expiresAt');
  });
  test('keeps what ended an approval, also when that has gone', () => {
    const { status } = plan(approve(), approved, { answeredBy: 'team-a/p/r' });
    expect(granted(approve(), status)).toMatchObject({ reason: 'Superseded', message: 'answered by team-a/p/r' });
  });
});

function granted(...args: Parameters<typeof plan>) {
  return plan(...args).status.conditions?.[0];
}
