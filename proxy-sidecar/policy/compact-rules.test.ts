import { expect, test } from 'vitest';
import { sampleRule } from '../../engine/decide/testing/samples.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { compactRules, expandRules } from './compact-rules.ts';

const rules: readonly CompiledRule[] = [
  sampleRule('Allow', ['a.test']),
  { ...sampleRule('Allow', ['b.test']), id: 'team/policy/b' },
  sampleRule('Allow', ['c.test', 'd.test']),
  sampleRule('Allow', ['*.e.test']),
  sampleRule('Allow', ['**.f.test'], { ports: [22, 443] }),
  sampleRule('Deny', []),
  sampleRule('Allow', ['g.test'], {
    binaries: ['/usr/bin/git'],
    ancestors: true,
    mode: 'Audit',
    allowedCidrs: ['10.1.0.0/16'],
    credential: { ref: 'team/token/key', as: 'Bearer' },
    inspection: { kind: 'HTTP', allow: [{ methods: ['GET'] }], deny: [] },
  }),
];

test('every part of every rule comes back, in order, through JSON', () => {
  expect(expandRules(JSON.parse(JSON.stringify(compactRules(rules))))).toEqual(rules);
});

test('what rules share is there once', () => {
  const { shapes, shapeOf } = compactRules(rules);
  expect(shapes).toHaveLength(4);
  expect(shapeOf).toEqual([0, 0, 0, 0, 1, 2, 3]);
});

test.each(['shapes', 'ids', 'hosts'] as const)('%s that are too few are no rules', column => {
  expect(() => expandRules({ ...compactRules(rules), [column]: [] })).toThrow('the kept rule 0 has a part too few');
});
