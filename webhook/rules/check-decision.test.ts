import { expect, test } from 'vitest';
import { sampleRequest } from '../../engine/compile/testing/objects.ts';
import { sampleWorld } from '../testing/sample-world.ts';
import { judgeDecision } from './check-decision.ts';

const problemsOf = (decision: Parameters<typeof sampleRequest>[0]) =>
  judgeDecision({ ...sampleRequest(decision) }, 'team', sampleWorld()).problems;

test('a number of uses is nothing to refuse: who counts them is written afterwards', () => {
  expect(problemsOf({ verdict: 'Approve', for: '1h', maxUses: 1 })).toEqual([]);
});

test('what would never be in force is refused', () => {
  expect(problemsOf({ verdict: 'Approve', for: 'forever', maxUses: 1 })).toMatchObject([{ field: 'spec.decision' }]);
});
