// The approvals of one sandbox as one EgressPolicy. The same approvals give the same bytes: nothing here depends on the time.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { EgressPolicy } from '../../../crds/schema/egress-policy.ts';
import type { AllowRule } from '../../../crds/schema/egress-rule.ts';
import { apiVersion } from '../../../crds/schema/group.ts';
import { compileGrants } from '../../../engine/compile/compile-grants.ts';
import { ceilingsOf } from '../../../engine/compile/compile-policy.ts';
import type { RuleIssue } from '../../../engine/compile/rule-issue.ts';
import { selectorMatches } from '../../../engine/compile/selector-matches.ts';
import { compileSet } from '../compile-set.ts';
import type { PolicySet } from '../policy-set.ts';
import { describeApproval } from './describe-approval.ts';
import { ruleNameOf, rulesOfGrant } from './rules-of-grant.ts';

export interface Promoted {
  readonly policy: Pick<EgressPolicy, 'apiVersion' | 'kind' | 'spec'> & {
    readonly metadata: { readonly name: string; readonly namespace: string };
  };
  /** Who allowed each rule, when and why, by the rule's name. */
  readonly comments: ReadonlyMap<string, string>;
  /** Approved, and in no rule: why. */
  readonly refused: readonly { readonly request: string; readonly why: string }[];
  /** Approvals that the policy holds, for what is said about them beside it. */
  readonly requests: readonly ApprovalRequest[];
}

export interface PromoteOptions {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

interface Candidate {
  readonly request: ApprovalRequest;
  readonly rules: readonly AllowRule[];
}

/** A policy of that name that is there already keeps its rules: what it answered is Superseded and no grant any more. */
export function promoteGrants(set: PolicySet, { name, selector, nowMs }: PromoteOptions): Promoted {
  const present = set.policies.find(({ metadata }) => metadata.name === name);
  const others = { ...set, policies: set.policies.filter(policy => policy !== present) };
  const { namespace } = set.sandbox.metadata;
  const policyOf = (allow: readonly AllowRule[]): Promoted['policy'] => ({
    apiVersion,
    kind: 'EgressPolicy',
    metadata: { name, namespace },
    spec: { sandboxSelector: { matchLabels: selector }, allow: allow.map(inOrder), ...restOf(present) },
  });
  const held = rulesHeldBy(present);
  const inspected = new Set<string>();
  for (;;) {
    const { candidates, refused } = candidatesOf(set, held, inspected, nowMs);
    const rules = candidates.flatMap(candidate => candidate.rules);
    const kept = (present?.spec.allow ?? []).filter(rule => !rules.some(own => own.name === rule.name));
    const policy = policyOf([...rules, ...kept].toSorted(byPlace));
    const issues = issuesOf(others, policy, nowMs);
    const contradicted = candidates.filter(({ request, rules: own }) =>
      issues.some(issue => issue.reason === 'Conflict' && isOf(issue, own) && !inspected.has(placeOf(request))),
    );
    // Some other rule sees the requests of that host: then this one must too.
    for (const { request } of contradicted) inspected.add(placeOf(request));
    if (contradicted.length > 0) continue;
    const broken = candidates.filter(({ rules: own }) => issues.some(issue => isOf(issue, own)));
    const whole = candidates.filter(candidate => !broken.includes(candidate));
    return {
      policy: policyOf([...whole.flatMap(candidate => candidate.rules), ...kept].toSorted(byPlace)),
      comments: new Map(
        whole.flatMap(({ request, rules: own }) => own.map(rule => [rule.name, describeApproval(request)] as const)),
      ),
      refused: [
        ...refused,
        ...broken.map(({ request, rules: own }) => ({
          request: request.metadata.name,
          why: issues.find(issue => isOf(issue, own))?.message ?? '',
        })),
      ].toSorted((a, b) => compare(a.request, b.request)),
      requests: whole.map(({ request }) => request),
    };
  }
}

function restOf(present: EgressPolicy | undefined): Omit<EgressPolicy['spec'], 'sandboxSelector' | 'allow'> {
  const { sandboxSelector: _selector, allow: _allow, ...rest } = present?.spec ?? { sandboxSelector: {} };
  return rest;
}

/** The API server sorts keys; people read the name first. */
function inOrder({ name, to, protocol, binaries, ...rest }: AllowRule): AllowRule {
  return { name, to, protocol, ...(binaries === undefined ? {} : { binaries }), ...rest };
}

function rulesHeldBy(present: EgressPolicy | undefined): ReadonlySet<string> {
  return new Set((present?.spec.allow ?? []).map(rule => rule.name));
}

/** Live grants, and the requests that this very policy superseded. */
function candidatesOf(
  set: PolicySet,
  held: ReadonlySet<string>,
  inspected: ReadonlySet<string>,
  nowMs: number,
): { candidates: readonly Candidate[]; refused: Promoted['refused'] } {
  const answered = set.requests.filter(request => isSuperseded(request) && held.has(ruleNameOf(request)));
  const live = [...set.requests.filter(request => !isSuperseded(request)), ...answered.map(asApproved)];
  const counted = live.filter(isCounted);
  // Spent or not: what was for a number of uses was never for good.
  const requests = live.filter(({ spec }) => spec.decision?.maxUses === undefined);
  const { grants, refusals } = compileGrants({
    sandboxUid: set.sandbox.metadata.uid,
    requests,
    ceilings: ceilingsOf(
      set.clusterPolicies.filter(({ spec }) => selectorMatches(spec.namespaceSelector, set.namespaceLabels)),
    ),
    podCreatedMs: 0,
    nowMs,
  });
  const isSeen = (request: ApprovalRequest) =>
    inspected.has(placeOf(request)) || request.spec.egress?.reason === 'RequestNotAllowed';
  const seen = new Set(requests.filter(isSeen).map(placeOf));
  for (const { requests: single, host, port } of grants.items) if (single !== undefined) seen.add(`${host}:${port}`);
  const candidates: Candidate[] = [];
  const refused: { request: string; why: string }[] = counted.map(({ metadata, spec }) => ({
    request: metadata.name,
    why: `it is for ${spec.decision?.maxUses} uses, and a policy does not count`,
  }));
  for (const grant of grants.items) {
    const request = set.requests.find(({ metadata }) => metadata.name === grant.id);
    if (request === undefined) continue;
    const made = rulesOfGrant(request, grant, seen.has(placeOf(request)));
    if (made.ok) candidates.push({ request, rules: made.rules });
    else refused.push({ request: grant.id, why: made.why });
  }
  for (const [request, why] of refusals)
    if (why !== 'expired') refused.push({ request, why: `the approval is not in force: ${why}` });
  return { candidates, refused };
}

function isCounted({ spec, status }: ApprovalRequest): boolean {
  const isLive = status?.phase === undefined || status.phase === 'Approved' || status.phase === 'Enforced';
  return isLive && spec.decision?.verdict === 'Approve' && spec.decision.maxUses !== undefined;
}

function isSuperseded({ status }: ApprovalRequest): boolean {
  return status?.phase === 'Superseded';
}

/** As it was before the policy answered it; its time may be over, its rule is not. */
function asApproved(request: ApprovalRequest): ApprovalRequest {
  const { expiresAt: _ended, phase: _phase, decidedAt: _at, ...status } = request.status ?? {};
  return { ...request, status };
}

function issuesOf(others: PolicySet, policy: Promoted['policy'], nowMs: number): readonly RuleIssue[] {
  const { sandbox } = others;
  const candidate = { ...policy, metadata: { ...sandbox.metadata, ...policy.metadata, labels: {} } } as EgressPolicy;
  const compiled = compileSet({ ...others, policies: [...others.policies, candidate] }, nowMs);
  return compiled.issues.filter(issue => issue.policy === `${policy.metadata.namespace}/${policy.metadata.name}`);
}

function isOf(issue: RuleIssue, rules: readonly AllowRule[]): boolean {
  return rules.some(rule => rule.name === issue.rule);
}

function placeOf({ spec: { egress } }: ApprovalRequest): string {
  return `${egress?.host}:${egress?.port}`;
}

function byPlace(a: AllowRule, b: AllowRule): number {
  return compare(sortKeyOf(a), sortKeyOf(b));
}

function sortKeyOf({ to: [peer], name }: AllowRule): string {
  return `${peer?.host ?? peer?.cidr ?? ''} ${String(peer?.ports?.[0] ?? 0).padStart(5, '0')} ${name}`;
}

/** By code unit: a locale must not change the bytes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
