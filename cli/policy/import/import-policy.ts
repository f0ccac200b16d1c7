// An OpenShell policy (version 1) into one EgressPolicy and the Sandbox fields that go with it. Pure.
import { type EgressPolicy, egressPolicySchema } from '../../../crds/schema/egress-policy.ts';
import { apiVersion } from '../../../crds/schema/group.ts';
import { checkEgressPolicy } from '../../../engine/compile/compile-policy.ts';
import { Fields } from './fields.ts';
import { type Finding, Findings } from './finding.ts';
import type { ImportOptions } from './import-options.ts';
import { type NamedRules, nameRules } from './name-rules.ts';
import { readBinaries } from './read-binaries.ts';
import { readEndpoint } from './read-endpoint.ts';
import { readSandbox } from './read-sandbox.ts';
import { readYaml } from './read-yaml.ts';

export interface Imported {
  readonly findings: readonly Finding[];
  /** Empty when anything was refused: half a policy is another policy. */
  readonly documents: readonly object[];
}

/** On an imported Sandbox, so that the policy selects it and no other. */
const sandboxLabel = 'creel.dev/imported-policy';

export function importPolicy(text: string, options: ImportOptions): Imported {
  const findings = new Findings();
  const root = readYaml(text, findings);
  const policy = root === undefined ? undefined : Fields.of(root, findings);
  if (policy === undefined) return { findings: findings.list(), documents: [] };
  if (policy.whole('version', 1, 1) === undefined && !policy.has('version'))
    findings.refused(policy.at('version'), 'missing; this reads `version: 1`');
  const sandbox = readSandbox(policy, findings);
  const rules = readEntries(policy, options, findings);
  for (const [key, value] of policy.map('network_middlewares')?.entries ?? [])
    findings.unsupported(value, `middleware ${key}: there is nothing like it here; nothing is changed on the way`);
  policy.done('unknown key; a policy has version, filesystem_policy, landlock, process, network_policies');
  const egress = toEgressPolicy(rules, options);
  checkResult(egress, rules, findings);
  const documents = [egress, ...toSandbox(sandbox, options)];
  return { findings: findings.list(), documents: findings.hasRefusals ? [] : documents };
}

function readEntries(policy: Fields, options: ImportOptions, findings: Findings): NamedRules {
  const entries = [...(policy.map('network_policies')?.entries ?? [])];
  return nameRules(
    entries.flatMap(([key, value]) => {
      const entry = Fields.of(value, findings);
      if (entry === undefined) return [];
      if (key.startsWith('_provider_'))
        findings.refused(value, 'keys that begin with _provider_ are reserved; rename it');
      const name = entry.text('name') ?? key;
      const endpoints = entry.list('endpoints') ?? [];
      if (endpoints.length === 0) findings.inert(entry.at('endpoints'), 'no endpoints: allows nothing');
      const drafts = endpoints.flatMap(endpoint => readEndpoint(endpoint, findings));
      const binaries = readBinaries(entry, options.anyBinary, findings);
      entry.done('unknown key of an entry; it has name, endpoints and binaries');
      return binaries === 'None' ? [] : [{ name, place: entry.place, drafts, binaries }];
    }),
  );
}

function toEgressPolicy({ rules }: NamedRules, { name, namespace, sandbox }: ImportOptions) {
  return {
    apiVersion,
    kind: 'EgressPolicy' as const,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: {
      sandboxSelector: { matchLabels: sandbox === undefined ? {} : { [sandboxLabel]: name } },
      ...(rules.length === 0 ? {} : { allow: rules }),
    },
  };
}

function toSandbox(fields: object, { name, namespace, sandbox }: ImportOptions): object[] {
  if (sandbox === undefined) return [];
  const labels = { [sandboxLabel]: name };
  const metadata = { name: sandbox, ...(namespace === undefined ? {} : { namespace }), labels };
  return [{ apiVersion, kind: 'Sandbox', metadata, spec: fields }];
}

/** What comes out must be what the API server and the compiler take. */
function checkResult(egress: ReturnType<typeof toEgressPolicy>, { places }: NamedRules, findings: Findings): void {
  const parsed = egressPolicySchema.safeParse(egress);
  for (const issue of parsed.error?.issues ?? []) {
    const at = issue.path[1] === 'allow' ? egress.spec.allow?.[Number(issue.path[2])]?.name : undefined;
    const place = places.get(at ?? '') ?? { path: '(document)', line: 1 };
    findings.refused(place, `${issue.path.slice(3).join('.')}: ${issue.message}`);
  }
  if (!parsed.success) return;
  const stored = { ...egress, metadata: { namespace: 'default', ...egress.metadata } } as EgressPolicy;
  for (const { rule, message } of checkEgressPolicy(stored, () => undefined))
    findings.refused(places.get(rule) ?? { path: '(document)', line: 1 }, message);
}
