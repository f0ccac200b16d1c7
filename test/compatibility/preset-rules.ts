// The rules of a preset as its compiler makes them, for a host of the test instead of the public one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type EgressPolicy, egressPolicySchema } from '../../crds/schema/egress-policy.ts';
import { compilePolicy } from '../../engine/compile/compile-policy.ts';
import { sampleSandbox } from '../../engine/compile/testing/objects.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';

const presets = join(import.meta.dirname, '../../policies/presets');

export function presetRules(name: string, host: string): readonly CompiledRule[] {
  const preset = egressPolicySchema.parse(parse(readFileSync(join(presets, name, `${name}.yaml`), 'utf8')));
  const sandbox = sampleSandbox();
  const policy: EgressPolicy = { ...preset, metadata: { ...sandbox.metadata, ...preset.metadata } };
  const { policy: compiled, issues } = compilePolicy({
    sandbox,
    namespaceLabels: {},
    policies: [policy],
    clusterPolicies: [],
    services: () => undefined,
    neverAddresses: [],
  });
  if (issues.length > 0) throw new Error(`preset ${name}: ${JSON.stringify(issues)}`);
  return compiled.rules.map(rule => ({ ...rule, hosts: [{ kind: 'exact', name: host }] }));
}
