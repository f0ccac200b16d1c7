// Whatever the file: no exception, and what comes out is of our schema and compiles.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, constantFrom, integer, property, string, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { type EgressPolicy, egressPolicySchema } from '../../../crds/schema/egress-policy.ts';
import { checkEgressPolicy } from '../../../engine/compile/compile-policy.ts';
import { importPolicy } from './import-policy.ts';

const seeds = ['nemoclaw-baseline', 'every-protocol'].map(name =>
  readFileSync(join(import.meta.dirname, 'testing/fixtures', `${name}.yaml`), 'utf8'),
);
const pieces = constantFrom(
  '',
  '*',
  '**',
  '/',
  '..',
  '\n',
  ': ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!!str ',
  '"',
  '0',
  'null',
  '%2F',
  '\u0000',
  'é',
);
const edit = tuple(integer({ min: 0, max: 4000 }), integer({ min: 0, max: 12 }), pieces);

function check(text: string): void {
  const { findings, documents } = importPolicy(text, { name: 'fuzz', anyBinary: true, sandbox: 'box' });
  const isRefused = findings.some(({ kind }) => kind === 'Refused');
  expect(documents.length).toBe(isRefused ? 0 : 2);
  if (isRefused) return;
  const policy = egressPolicySchema.parse(documents[0]) as EgressPolicy;
  const stored = { ...policy, metadata: { ...policy.metadata, namespace: 'team' } };
  expect(checkEgressPolicy(stored, () => undefined)).toEqual([]);
}

test('an edited policy', () => {
  assert(
    property(constantFrom(...seeds), edit, edit, (seed, ...edits) => {
      check(edits.reduce((text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length), seed));
    }),
    { numRuns: 400 },
  );
});

test('any text', () => {
  assert(
    property(string({ maxLength: 200, unit: 'binary' }), text => check(text)),
    { numRuns: 300 },
  );
});
