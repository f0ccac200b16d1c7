import { expect, test } from 'vitest';
import { sampleRequest, sampleWorld } from '../testing/sample-world.ts';
import { judge } from './judge.ts';

const warningsOf = (kind: string, spec: object) =>
  judge(
    'validate',
    sampleRequest({
      kind: { group: 'creel.dev', version: 'v1alpha1', kind },
      object: { apiVersion: 'creel.dev/v1alpha1', kind, metadata: { name: 'it', namespace: 'team' }, spec },
    }),
    sampleWorld(),
  ).warnings;
const profile = { provider: 'OpenAI', endpoint: 'https://api.example/v1', model: 'm' };

test.each([
  ['Sandbox', { image: 'i', lifecycle: { idleAfter: '1h', update: 'WhenIdle' } }, ['idleAfter', 'update']],
  ['Sandbox', { image: 'i', lifecycle: { update: 'Manual', expiresAfter: '1h' } }, []],
  ['InferenceProfile', { ...profile, limits: { tokensPerDay: 9, maxRequestBytes: '1Mi' } }, ['limits.tokensPerDay']],
  ['InferenceProfile', { ...profile, fallback: ['other'] }, ['fallback']],
  ['InferenceProfile', profile, []],
])('%s %j', (kind, spec, fields) => {
  const warnings = warningsOf(kind, spec);
  expect(warnings).toHaveLength(fields.length);
  for (const [at, field] of fields.entries()) expect(warnings[at]).toMatch(new RegExp(`${field} has no effect`));
});
