import { describe, expect, test } from 'vitest';
import { fillDecider } from './fill-decider.ts';
import { stampCreator } from './stamp-creator.ts';

const decided = (decision?: object) => ({ spec: decision === undefined ? {} : { decision } });
const fill = (value: string) => [{ op: 'add', path: '/spec/decision/by', value }];

describe('who decides', () => {
  test.each<[string, object | undefined, object | undefined, unknown]>([
    ['nobody is written: filled in', { verdict: 'Deny' }, undefined, fill('ann')],
    ['the caller is written: left', { verdict: 'Deny', by: 'ann' }, undefined, []],
    ['another is written: left, for the admission policy to refuse', { verdict: 'Deny', by: 'bob' }, undefined, []],
    [
      'another decided before, by a merge patch',
      { verdict: 'Revoke', by: 'bob' },
      { verdict: 'Approve', by: 'bob' },
      fill('ann'),
    ],
    ['nothing is decided', undefined, undefined, []],
    ['the decision is as it was', { verdict: 'Approve', by: 'bob' }, { verdict: 'Approve', by: 'bob' }, []],
    ['something else than an object', 'text' as never, undefined, []],
  ])('%s', (_what, decision, before, expected) => {
    expect(fillDecider(decided(decision), before && decided(before), 'ann')).toEqual(expected);
  });
});

const creator = 'creel.dev/created-by';
const made = (annotations?: Record<string, string>) => ({ metadata: annotations === undefined ? {} : { annotations } });
const pointer = '/metadata/annotations/creel.dev~1created-by';

describe('who made a Sandbox', () => {
  test.each<[string, object, object | undefined, unknown]>([
    [
      'new, without annotations',
      made(),
      undefined,
      [{ op: 'add', path: '/metadata/annotations', value: { [creator]: 'ann' } }],
    ],
    ['new, with others', made({ a: 'b' }), undefined, [{ op: 'add', path: pointer, value: 'ann' }]],
    ['new, with a claim', made({ [creator]: 'bob' }), undefined, [{ op: 'add', path: pointer, value: 'ann' }]],
    ['new, with the truth', made({ [creator]: 'ann' }), undefined, []],
    ['replaced without it', made({}), made({ [creator]: 'bob' }), [{ op: 'add', path: pointer, value: 'bob' }]],
    [
      'taken over',
      made({ [creator]: 'ann' }),
      made({ [creator]: 'bob' }),
      [{ op: 'add', path: pointer, value: 'bob' }],
    ],
    ['of nobody, claimed', made({ [creator]: 'ann' }), made({}), [{ op: 'remove', path: pointer }]],
    ['unchanged', made({ [creator]: 'bob' }), made({ [creator]: 'bob' }), []],
  ])('%s', (_what, object, before, expected) => {
    expect(stampCreator(object, before, 'ann')).toEqual(expected);
  });
});
