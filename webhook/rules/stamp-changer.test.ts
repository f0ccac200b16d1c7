import { expect, test } from 'vitest';
import { stampChanger } from './stamp-changer.ts';

const key = 'creel.dev/changed-by';
const policy = (spec: unknown, annotations?: Record<string, string>, generation?: number) => ({
  metadata: {
    ...(annotations === undefined ? {} : { annotations }),
    ...(generation === undefined ? {} : { generation }),
  },
  spec,
});
const one = { allow: [1] };
const two = { allow: [2] };

test.each<[string, Parameters<typeof stampChanger>, unknown]>([
  ['made', [policy(one), undefined, 'alice'], { path: '/metadata/annotations', value: { [key]: '1 alice' } }],
  [
    'made, in the name of another',
    [policy(one, { [key]: '1 bob' }), undefined, 'alice'],
    { path: '/metadata/annotations/creel.dev~1changed-by', value: '1 alice' },
  ],
  [
    'changed',
    [policy(two, { [key]: '1 alice' }), policy(one, { [key]: '1 alice' }, 1), 'bob'],
    { path: '/metadata/annotations/creel.dev~1changed-by', value: '2 bob' },
  ],
  [
    'changed by the same person again',
    [policy(two, { [key]: '2 bob' }), policy(one, { [key]: '2 bob' }, 2), 'bob'],
    { path: '/metadata/annotations/creel.dev~1changed-by', value: '3 bob' },
  ],
])('a policy %s', (_what, args, expected) => {
  expect(stampChanger(...args)).toEqual([{ op: 'add', ...(expected as object) }]);
});

test('a policy that says nothing new keeps its author', () => {
  const stored = policy(one, { [key]: '1 alice' }, 1);
  expect(stampChanger(policy(one, { [key]: '1 alice', other: 'label' }), stored, 'bob')).toEqual([]);
});
