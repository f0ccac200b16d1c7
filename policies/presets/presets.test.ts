// Every preset and profile as the engine takes it: schema, no issue, and the verdicts that its own tests promise.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type EgressPolicy, egressPolicySchema } from '../../crds/schema/egress-policy.ts';
import { type InferenceProfile, inferenceProfileSchema } from '../../crds/schema/inference-profile.ts';
import { compilePolicy } from '../../engine/compile/compile-policy.ts';
import { evaluateTests } from '../../engine/compile/evaluate-tests.ts';
import { sampleSandbox } from '../../engine/compile/testing/objects.ts';
import { createEvaluator } from '../../engine/decide/request-evaluator.ts';

const folder = import.meta.dirname;
const sandbox = sampleSandbox({ onUnlisted: 'Ask' });
const presets = readAll<EgressPolicy>(folder, '*/*.yaml');
const profiles = readAll<InferenceProfile>(join(folder, '../profiles'), '*.yaml');

describe.each(presets)('preset %s', (_file, policy) => {
  const compiled = compile([policy]);

  test('is of the schema', () => expect(egressPolicySchema.safeParse(policy).error).toBeUndefined());
  test('has no rule that the compiler refuses', () => {
    expect(compiled.issues).toEqual([]);
    expect(compiled.policy.rules.length).toBe(policy.spec.allow?.length);
  });
  test('promises something', () => {
    const promised = new Set(policy.spec.tests?.map(({ expect: verdict }) => verdict));
    expect(promised.size).toBeGreaterThan(1);
  });
  test.each(evaluateTests(compiled.policy, policy.spec.tests ?? []))(
    '$request.host:$request.port $request.method $request.path → $expect',
    ({ failure }) => expect(failure).toBeUndefined(),
  );
});

test('the inspected presets do not contradict each other', () => {
  const inspected = presets.map(([, policy]) => policy).filter(({ metadata }) => metadata.name !== 'baseline');
  expect(inspected.length).toBeGreaterThan(10);
  expect(compile(inspected).issues).toEqual([]);
});

test.each([
  ['discord', 'gateway.discord.gg', '/?v=10&encoding=json'],
  ['discord', 'gateway-us-east1-b.discord.gg', '/?v=10'],
  ['slack', 'wss-primary.slack.com', '/link/?ticket=a&app_id=b'],
  ['nemoclaw-baseline', 'gateway.discord.gg', '/?v=10'],
])('%s opens the WebSocket of %s', (name, host, path) => {
  const policies = presets.map(([, policy]) => policy).filter(({ metadata }) => metadata.name === name);
  const evaluate = createEvaluator(compile(policies).policy, { hash: 'none', items: [] }, 0);
  expect(evaluate({ host, port: 443, method: 'GET', path, isWebSocket: true }).verdict).toBe('Allow');
  expect(evaluate({ host, port: 443, method: 'GET', path }).verdict).toBe('Ask');
});

test.each(profiles)('profile %s is of the schema', (_file, profile) => {
  expect(inferenceProfileSchema.safeParse(profile).error).toBeUndefined();
});

test('one profile is the default', () => {
  const isDefault = profiles.filter(
    ([, { metadata }]) => metadata.annotations?.['creel.dev/default-profile'] === 'true',
  );
  expect(isDefault.map(([, { metadata }]) => metadata.name)).toEqual(['nvidia-cloud']);
});

function compile(policies: readonly EgressPolicy[]) {
  return compilePolicy({
    sandbox,
    namespaceLabels: {},
    policies: policies.map(policy => ({ ...policy, metadata: { ...sandbox.metadata, ...policy.metadata } })),
    clusterPolicies: [],
    services: () => undefined,
    neverAddresses: [],
  });
}

function readAll<T>(base: string, pattern: string): [string, T][] {
  return globSync(pattern, { cwd: base })
    .filter(path => !path.endsWith('kustomization.yaml'))
    .sort()
    .map(path => [path, parse(readFileSync(join(base, path), 'utf8'), { version: '1.1' }) as T]);
}
