// Every preset and profile as the engine takes it: schema, no issue, and the verdicts that its own tests promise.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type EgressPolicy, egressPolicySchema } from '../../crds/schema/egress-policy.ts';
import { type InferenceProfile, inferenceProfileSchema } from '../../crds/schema/inference-profile.ts';
import { parseHost } from '../../engine/canonical/host.ts';
import { compilePolicy } from '../../engine/compile/compile-policy.ts';
import { sampleSandbox } from '../../engine/compile/testing/objects.ts';
import { createDecider } from '../../engine/decide/decider.ts';

const folder = import.meta.dirname;
const sandbox = sampleSandbox({ onUnlisted: 'Ask' });
const presets = readAll<EgressPolicy>(folder, '*/*.yaml');
const profiles = readAll<InferenceProfile>(join(folder, '../profiles'), '*.yaml');

describe.each(presets)('preset %s', (_file, policy) => {
  const stored = { ...policy, metadata: { ...sandbox.metadata, ...policy.metadata } };
  const compiled = compilePolicy({
    sandbox,
    namespaceLabels: {},
    policies: [stored],
    clusterPolicies: [],
    services: () => undefined,
    neverAddresses: [],
  });
  const decider = createDecider(compiled.policy, { hash: 'none', items: [] }, () => 0);

  test('is of the schema', () => expect(egressPolicySchema.safeParse(policy).error).toBeUndefined());
  test('has no rule that the compiler refuses', () => {
    expect(compiled.issues).toEqual([]);
    expect(compiled.policy.rules.length).toBe(policy.spec.allow?.length);
  });
  test('promises something', () => expect(policy.spec.tests?.length).toBeGreaterThan(2));
  test.each(policy.spec.tests ?? [])('$request.host:$request.port → $expect', ({ request, expect: promised }) => {
    const host = parseHost(request.host);
    if (host.kind === 'invalid') throw new Error(`${request.host} is no host`);
    expect(decider.decide({ host, port: request.port }).verdict).toBe(promised);
  });
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

function readAll<T>(base: string, pattern: string): [string, T][] {
  return globSync(pattern, { cwd: base })
    .filter(path => !path.endsWith('kustomization.yaml'))
    .sort()
    .map(path => [path, parse(readFileSync(join(base, path), 'utf8'), { version: '1.1' }) as T]);
}
