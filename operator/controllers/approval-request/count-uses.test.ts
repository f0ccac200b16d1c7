import { expect, test } from 'vitest';
import { countUses } from './count-uses.ts';
import { createToldUses } from './told-uses.ts';

const a = 'a'.repeat(32);
const b = 'b'.repeat(32);
test.each([
  ['no number of uses', undefined, {}, { countedBy: a, used: 3 }, { fields: {} }],
  ['nobody connected yet', 3, {}, undefined, { fields: { usesLeft: 3 } }],
  ['a sidecar that counts nothing', 3, {}, { used: 0 }, { fields: { usesLeft: 3 } }],
  ['the first that counts', 3, {}, { countedBy: a, used: 0 }, { fields: { usesLeft: 3, countedBy: a } }],
  ['one spent', 3, { usesLeft: 3, countedBy: a }, { countedBy: a, used: 1 }, { fields: { usesLeft: 2, countedBy: a } }],
  [
    'told less than before',
    3,
    { usesLeft: 1, countedBy: a },
    { countedBy: a, used: 0 },
    { fields: { usesLeft: 1, countedBy: a } },
  ],
  ['away for a while', 3, { usesLeft: 1, countedBy: a }, undefined, { fields: { usesLeft: 1, countedBy: a } }],
  [
    'the last',
    1,
    { usesLeft: 1, countedBy: a },
    { countedBy: a, used: 1 },
    { fields: { usesLeft: 0, countedBy: a }, over: 'its one use is spent' },
  ],
  [
    'more than there were',
    3,
    { usesLeft: 3, countedBy: a },
    { countedBy: a, used: 9 },
    { fields: { usesLeft: 0, countedBy: a }, over: 'all 3 uses are spent' },
  ],
  [
    'another memory',
    3,
    { usesLeft: 3, countedBy: a },
    { countedBy: b, used: 0 },
    { fields: { usesLeft: 3, countedBy: a }, over: 'its uses were counted by a sidecar memory that is gone' },
  ],
  [
    'an older sidecar in its place',
    3,
    { usesLeft: 3, countedBy: a },
    { used: 0 },
    { fields: { usesLeft: 3, countedBy: a }, over: 'its uses were counted by a sidecar memory that is gone' },
  ],
])('%s', (_what, maxUses, before, counted, expected) => {
  expect(countUses(maxUses, before, counted)).toEqual(expected);
});

test('uses are told every ten seconds, the last one at once', () => {
  let nowMs = 0;
  const told = createToldUses(() => nowMs);
  expect(told.view('u', 0, 5)).toEqual({ used: 0 });
  expect(told.view('u', 2, 5)).toEqual({ used: 0, againAfterMs: 10_000 });
  nowMs = 9999;
  expect(told.view('u', 3, 5)).toEqual({ used: 0, againAfterMs: 1 });
  nowMs = 10_000;
  expect(told.view('u', 3, 5)).toEqual({ used: 3 });
  expect(told.view('u', 5, 5)).toEqual({ used: 5 });
});
