import { expect, test } from 'vitest';
import { planPolicyConditions } from './plan-policy-conditions.ts';

const view = { matched: [], enforced: [], suspended: [], issues: [] };

test('B05 a warning stands beside Accepted: the rule holds all the same', () => {
  expect(planPolicyConditions([], view, ['rule r: /bin/sh runs any script'])[0]).toMatchObject({
    status: 'True',
    reason: 'Accepted',
    message: expect.stringContaining('/bin/sh'),
  });
});

test.each<[string, Parameters<typeof planPolicyConditions>[0], string]>([
  [
    'a policy that allows nothing is stalled, with the reason',
    [{ policy: 'n/p', rule: 'r', reason: 'BadHost', message: 'm' }],
    'True',
  ],
  ['one that is understood is not', [], 'False'],
])('kstatus: %s', (_what, issues, status) => {
  const stalled = planPolicyConditions(issues, view).find(({ type }) => type === 'Stalled');
  expect(stalled).toMatchObject({ status, reason: issues[0]?.reason ?? 'Accepted' });
});
