import { expect, test } from 'vitest';
import { createFrameBudget } from './frame-budget.ts';

test('what an honest sidecar says is never held up; more than the bound waits for as long as it is over', () => {
  let nowMs = 0;
  const spend = createFrameBudget(() => nowMs);
  expect(spend(1_024)).toBe(0);
  for (let second = 0; second < 60; second++) {
    nowMs += 1000;
    expect(spend(40)).toBe(0);
  }
  expect(spend(3_960)).toBe(0);
  expect(spend(1_000)).toBe(500);
  nowMs += 500;
  expect(spend(1)).toBe(1);
  // A clock that goes back gives nothing.
  nowMs -= 10_000;
  expect(spend(0)).toBe(1);
});
