// Everything that speaks of one sandbox's egress, into the form its sidecar enforces. Pure; several policies add up.
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import { durationMs } from '../../crds/schema/duration-ms.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { CompiledPolicy, CompiledRule } from '../../protocol/snapshot.ts';
import { type Ceiling, ruleBeyond } from './ceiling.ts';
import type { ServiceLookup } from './check-peer.ts';
import { compileAllowRule, compileDenyRule, denyPartsOf, type RuleOutcome } from './compile-rule.ts';
import { evaluateTests } from './evaluate-tests.ts';
import { findConflicts } from './find-conflicts.ts';
import type { Problem, RuleIssue } from './rule-issue.ts';
import { selectorMatches } from './selector-matches.ts';
import { stableHash } from './stable-hash.ts';

export interface PolicyInputs {
  readonly sandbox: Pick<Sandbox, 'metadata' | 'spec'>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Of the sandbox's namespace, selected here. */
  readonly policies: readonly EgressPolicy[];
  readonly clusterPolicies: readonly ClusterEgressPolicy[];
  readonly services: ServiceLookup;
  /** Addresses or blocks: node, API server, hub, cluster DNS. */
  readonly neverAddresses: readonly string[];
}

export interface PolicyResult {
  readonly policy: CompiledPolicy;
  readonly issues: readonly RuleIssue[];
  /** `namespace/name` and `cluster/name` of the policies that speak of this sandbox. */
  readonly matched: readonly string[];
}

interface Compiled {
  readonly policy: string;
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly isTenants: boolean;
}

export function compilePolicy(inputs: PolicyInputs): PolicyResult {
  const { sandbox, namespaceLabels } = inputs;
  const policies = inputs.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === sandbox.metadata.namespace &&
      selectorMatches(spec.sandboxSelector, sandbox.metadata.labels),
  );
  const clusterPolicies = inputs.clusterPolicies.filter(({ spec }) =>
    selectorMatches(spec.namespaceSelector, namespaceLabels),
  );
  const identity = sandbox.spec.egress?.identity ?? 'Process';
  const tenants = policies.map(policy => heldBack(policy, tenantRules(inputs)(policy)));
  const sources = [...tenants.flatMap(({ rules }) => rules), ...clusterPolicies.flatMap(clusterRules(inputs))];
  const ceilings = ceilingsOf(clusterPolicies);
  const checked = dropConflicts(sources.map(source => withinBounds(source, ceilings, identity)));
  const { onUnlisted = 'Ask', hold = '0s' } = sandbox.spec.egress ?? {};
  const body: Omit<CompiledPolicy, 'hash'> = {
    onUnlisted,
    holdMs: durationMs(hold),
    identity,
    frozen: clusterPolicies.some(({ spec }) => spec.freeze === true),
    rules: checked.flatMap(({ outcome }) => outcome.rules).sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id))),
    neverAddresses: [...new Set(inputs.neverAddresses)].sort(),
  };
  return {
    policy: { hash: stableHash(body), ...body },
    issues: [...checked.flatMap(issuesOf), ...tenants.flatMap(({ failed }) => failed)],
    matched: [...policies, ...clusterPolicies].map(policyName),
  };
}

/** What is wrong with a policy on its own, whoever it selects: for its Accepted condition. */
export function checkEgressPolicy(policy: EgressPolicy, services: ServiceLookup): readonly RuleIssue[] {
  const checked = dropConflicts(tenantRules({ services })(policy));
  return [...checked.flatMap(issuesOf), ...failedTests(policy, checked)];
}

/** A policy that does not do what its author says it does allows nothing: decision 0008. What it denies is denied. */
function heldBack(
  policy: EgressPolicy,
  own: readonly Compiled[],
): { rules: readonly Compiled[]; failed: readonly RuleIssue[] } {
  const failed = failedTests(policy, dropConflicts(own));
  if (failed.length === 0) return { rules: own, failed };
  return { rules: own.map(compiled => (isDeny(compiled.outcome.rules) ? compiled : refused(compiled, []))), failed };
}

/** The policy alone, as a sandbox with the defaults would hold it: what other policies add or deny is theirs to test. */
function failedTests(policy: EgressPolicy, checked: readonly Compiled[]): readonly RuleIssue[] {
  if (policy.spec.tests === undefined) return [];
  const rules = checked.flatMap(({ outcome }) => outcome.rules);
  const alone: CompiledPolicy = { ...defaults, hash: '', frozen: false, rules, neverAddresses: [] };
  return evaluateTests(alone, policy.spec.tests).flatMap(({ failure }, index): RuleIssue[] =>
    failure === undefined
      ? []
      : [{ policy: policyName(policy), rule: `tests[${index}]`, reason: 'TestFailed', message: failure }],
  );
}

const defaults = { onUnlisted: 'Ask', holdMs: 0, identity: 'Process' } as const;

export function checkClusterEgressPolicy(policy: ClusterEgressPolicy, services: ServiceLookup): readonly RuleIssue[] {
  const inputs = { services, sandbox: { metadata: { namespace: '' } } };
  return dropConflicts(clusterRules(inputs)(policy)).flatMap(issuesOf);
}

/** Ceilings of cluster policies that select the namespace. */
export function ceilingsOf(policies: readonly ClusterEgressPolicy[]): readonly Ceiling[] {
  return policies.flatMap(policy =>
    policy.spec.ceiling === undefined ? [] : [{ policy: policyName(policy), spec: policy.spec.ceiling }],
  );
}

function policyName(policy: EgressPolicy | ClusterEgressPolicy): string {
  return policy.kind === 'EgressPolicy'
    ? `${policy.metadata.namespace}/${policy.metadata.name}`
    : `cluster/${policy.metadata.name}`;
}

function tenantRules({ services }: { readonly services: ServiceLookup }) {
  return (policy: EgressPolicy): Compiled[] => {
    const { allow = [], deny = [] } = policy.spec;
    const { namespace } = policy.metadata;
    return compileLists(policyName(policy), allow, deny, { namespace, services, isTenants: true });
  };
}

/** Services without a namespace are looked for in the sandbox's own. */
function clusterRules(inputs: {
  readonly services: ServiceLookup;
  readonly sandbox: { readonly metadata: { readonly namespace: string } };
}) {
  const { namespace } = inputs.sandbox.metadata;
  return (policy: ClusterEgressPolicy): Compiled[] => {
    const { baseline = [], deny = [] } = policy.spec;
    return compileLists(policyName(policy), baseline, deny, { namespace, services: inputs.services, isTenants: false });
  };
}

function compileLists(
  policy: string,
  allow: readonly { readonly name: string }[],
  deny: readonly { readonly name: string }[],
  { isTenants, ...source }: { namespace: string; services: ServiceLookup; isTenants: boolean },
): Compiled[] {
  const compile =
    (one: typeof compileAllowRule) =>
    (raw: { readonly name: string }): Compiled => {
      const outcome = one(raw, { id: `${policy}/${raw.name}`, ...source });
      return { policy, rule: raw.name, outcome, isTenants };
    };
  return [...allow.map(compile(compileAllowRule)), ...deny.map(compile(compileDenyRule))];
}

/** Ceilings bound tenants' allow rules; without process identity a rule that names binaries could only guess. */
function withinBounds(compiled: Compiled, ceilings: readonly Ceiling[], identity: 'Process' | 'None'): Compiled {
  const problems: Problem[] = [];
  for (const rule of compiled.outcome.rules) {
    if (rule.effect === 'Deny') continue;
    if (compiled.isTenants) problems.push(...ceilings.flatMap(ceiling => ruleBeyond(ceiling, rule) ?? []));
    if (identity === 'None' && rule.binaries !== undefined) problems.push(identityProblem);
  }
  return problems.length === 0 ? compiled : refused(compiled, problems);
}

const identityProblem: Problem = {
  reason: 'IdentityRequired',
  message: 'binaries need egress.identity: Process, which this sandbox has switched off; remove one of them',
};

/** Both sides of a conflict allow nothing: guessing which was meant could be the wider guess. */
function dropConflicts(all: readonly Compiled[]): readonly Compiled[] {
  const byId = new Map<string, Problem[]>();
  for (const { a, b, where } of findConflicts(all.flatMap(({ outcome }) => outcome.rules)))
    for (const [id, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const message = `${where} is inspected by one rule and opaque in the other, ${other}; keep one of them`;
      byId.set(id, [...(byId.get(id) ?? []), { reason: 'Conflict', message }]);
    }
  return all.map(compiled => {
    const problems = byId.get(`${compiled.policy}/${compiled.rule}`);
    return problems === undefined || isDeny(compiled.outcome.rules) ? compiled : refused(compiled, problems);
  });
}

function isDeny(rules: readonly CompiledRule[]): boolean {
  return rules.some(rule => rule.effect === 'Deny');
}

function refused(compiled: Compiled, problems: readonly Problem[]): Compiled {
  const { outcome } = compiled;
  return { ...compiled, outcome: { rules: denyPartsOf(outcome.rules), problems: [...outcome.problems, ...problems] } };
}

function issuesOf({ policy, rule, outcome }: Compiled): RuleIssue[] {
  return outcome.problems.map(problem => ({ policy, rule, ...problem }));
}
