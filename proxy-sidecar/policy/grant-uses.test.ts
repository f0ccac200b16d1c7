import { expect, test } from 'vitest';
import type { Grant } from '../../protocol/snapshot.ts';
import { createGrantUses } from './grant-uses.ts';

function uses(options: { readonly isFull?: boolean } = {}) {
  const counts = new Map<string, number>();
  const spent: string[] = [];
  const ledger = {
    name: 'mine',
    used: (id: string) => counts.get(id) ?? 0,
    add: (id: string) => {
      if (options.isFull) throw new Error('ENOSPC');
      counts.set(id, (counts.get(id) ?? 0) + 1);
    },
  };
  return {
    spent,
    ...createGrantUses(
      ledger,
      ({ id }) => spent.push(id),
      () => spent.push('failed'),
    ),
  };
}
const grant = (more: Partial<NonNullable<Grant['uses']>> = {}): Grant => ({
  id: 'apr-a',
  host: 'h',
  port: 1,
  uses: { max: 2, countedBy: 'mine', ...more },
});

test('as many as granted and none more', () => {
  const { spend, isUsedUp, spent } = uses();
  expect([spend(grant()), isUsedUp(grant()), spend(grant()), spend(grant()), isUsedUp(grant())]).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
  expect(spent).toEqual(['apr-a', 'apr-a']);
});

test('without a number there is nothing to spend', () => {
  const { spend, isUsedUp, spent } = uses();
  const { uses: _uses, ...free } = grant();
  expect([spend(free), isUsedUp(free), spent]).toEqual([true, false, []]);
});

test.each([
  ['counted by another memory', grant({ countedBy: 'other' }), {}],
  ['spent to the end by the word of the operator', grant({ areUsedUp: true }), {}],
  ['that cannot be written down', grant(), { isFull: true }],
])('none of a grant %s', (_what, given, options) => expect(uses(options).spend(given)).toBe(false));
