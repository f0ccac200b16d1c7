// Why a request is allowed, asked about or denied: what each rule of its host says, alone.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { cidrContains, parseCidr } from '../../engine/canonical/cidr.ts';
import { hostText, parseHost } from '../../engine/canonical/host.ts';
import { formatHostPattern, patternMatches } from '../../engine/canonical/host-pattern.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import { decideRequest } from '../../engine/decide/decide-request.ts';
import { createEvaluator, type Evaluation, type RequestQuestion } from '../../engine/decide/request-evaluator.ts';
import type { CompiledRule, Grant } from '../../protocol/snapshot.ts';
import type { CompiledSet } from './compile-set.ts';
import { formatIssue } from './format-issue.ts';
import type { PolicySet } from './policy-set.ts';

export interface RuleSays {
  readonly id: string;
  readonly says: string;
}

export interface Explanation {
  readonly question: RequestQuestion;
  readonly evaluation: Evaluation;
  readonly rules: readonly RuleSays[];
  readonly warnings: readonly string[];
  /** Commands that would change it in the cluster; none for files, which are the user's to edit. */
  readonly next: readonly string[];
}

export function explain(set: PolicySet, compiled: CompiledSet, question: RequestQuestion, nowMs: number): Explanation {
  const evaluation = createEvaluator(compiled.policy, compiled.grants, nowMs)(question);
  const rules = compiled.policy.rules.filter(rule => speaksOf(rule, question.host));
  const grants = compiled.grants.items.filter(({ host }) => host === canonical(question.host));
  return {
    question,
    evaluation,
    rules: [
      ...rules.map(rule => ({ id: rule.id, says: ruleSays(rule, question) })),
      ...grants.map(grant => ({ id: `approval ${grant.id}`, says: grantSays(grant, question) })),
    ],
    warnings: [
      ...warningsOf(compiled, rules, evaluation, question),
      ...askedBefore(set, evaluation, question).flatMap(toldAnswer),
      ...set.gaps,
    ],
    next: nextCommands(set, evaluation, question),
  };
}

function canonical(host: string): string {
  const parsed = parseHost(host);
  return parsed.kind === 'invalid' ? host : hostText(parsed);
}

function speaksOf(rule: CompiledRule, host: string): boolean {
  const name = canonical(host);
  const ip = parseIp(name);
  if (ip !== undefined)
    return rule.cidrs.some(({ cidr }) => {
      const block = parseCidr(cidr);
      return block.ok && cidrContains(block.cidr, ip);
    });
  return (
    rule.hosts.some(pattern => patternMatches(pattern, name)) || rule.services.some(({ names }) => names.includes(name))
  );
}

function ruleSays(rule: CompiledRule, question: RequestQuestion): string {
  if (rule.ports.length > 0 && !rule.ports.includes(question.port))
    return `nothing: its ports are ${rule.ports.join(', ')}`;
  const isNamed =
    rule.binaries === undefined || (question.binary !== undefined && rule.binaries.includes(question.binary));
  if (!isNamed && (rule.effect === 'Allow' || question.binary !== undefined))
    return `nothing: for ${rule.binaries?.join(', ')}${rule.ancestors === true ? ' and their children' : ''} only`;
  if (rule.effect === 'Deny') return 'denies';
  const how = rule.mode === 'Audit' ? ' (Audit: recorded)' : '';
  if (rule.inspection === undefined) return `allows the connection, protocol ${rule.protocol}${how}`;
  if (question.method === undefined && question.path === undefined)
    return `looks into each request: ${rule.protocol}${how}`;
  const head = { method: question.method ?? 'GET', target: question.path ?? '/', isWebSocket: false };
  const decision = decideRequest({ rules: [rule], grants: [] }, head);
  if (decision.verdict === 'Allow') return `allows${how}`;
  if (decision.verdict === 'NeedsBody') return `decides on the body: ${rule.protocol}${how}`;
  if (decision.verdict === 'Deny')
    return decision.reason === 'RequestDenied' ? 'denies the request' : `refuses the request: ${decision.detail}`;
  return rule.inspection.kind === 'WebSocket'
    ? 'nothing: it is for WebSocket upgrades'
    : 'nothing: it does not list this request';
}

function grantSays(grant: Grant, question: RequestQuestion): string {
  if (grant.port !== question.port) return `nothing: it is for port ${grant.port}`;
  if (grant.binary !== undefined && grant.binary.path !== question.binary)
    return `nothing: for ${grant.binary.path} only`;
  if (grant.uses?.areUsedUp === true) return `nothing: its ${grant.uses.max} uses are spent`;
  const until = grant.expiresAtMs === undefined ? '' : ` until ${new Date(grant.expiresAtMs).toISOString()}`;
  return grant.requests === undefined
    ? `allows${until}`
    : `allows ${grant.requests.map(({ method, path }) => `${method} ${path}`).join(', ')}${until}`;
}

const interpreters = /\/(node|python[0-9.]*|bash|sh|dash|perl|ruby|java|deno|bun)$/;

function warningsOf(
  { issues, policy }: CompiledSet,
  rules: readonly CompiledRule[],
  evaluation: Evaluation,
  question: RequestQuestion,
): string[] {
  const warnings: string[] = [];
  if (evaluation.verdict === 'Allow' && evaluation.protocol === 'TLS')
    warnings.push(
      'opaque TLS: only the server name is seen; behind a shared CDN another site could be reached by it. protocol: HTTP with an http block looks inside.',
    );
  const wildcard = rules.find(({ id }) => id === evaluation.id)?.hosts.find(({ kind }) => kind !== 'exact');
  if (wildcard !== undefined && evaluation.verdict === 'Allow')
    warnings.push(
      `allowed by the wildcard ${formatHostPattern(wildcard)}: every name below it, to whoever it belongs.`,
    );
  if (evaluation.needsBinary === true)
    warnings.push(
      'rules of this host name binaries: whose socket it is decides. Without --binary it is taken as unknown.',
    );
  if (question.binary !== undefined && interpreters.test(question.binary))
    warnings.push(`${question.binary} runs scripts: a rule for it is for every script the agent has or writes.`);
  if (evaluation.open === 'NoRequest')
    warnings.push('the connection is let in and each request decided alone: ask about one with --method and --path.');
  if (evaluation.open === 'Body')
    warnings.push('the request is decided by its body, which this command does not have.');
  if (policy.frozen) warnings.push('a ClusterEgressPolicy has freeze: true: nothing leaves.');
  return [...warnings, ...issues.map(formatIssue)];
}

/** Requests of this sandbox for it that a person could approve. */
function askedBefore(
  { requests, sandbox, isOfFiles }: PolicySet,
  { verdict }: Evaluation,
  { host, port }: RequestQuestion,
): readonly ApprovalRequest[] {
  if (verdict !== 'Ask' || isOfFiles === true) return [];
  return requests.filter(
    ({ spec, status }) =>
      spec.sandbox.uid === sandbox.metadata.uid &&
      spec.egress?.host === canonical(host) &&
      spec.egress.port === port &&
      ['Pending', 'Snoozed', 'Denied'].includes(status?.phase ?? 'Pending'),
  );
}

/** Nobody is asked of what a person has refused or put off. */
function toldAnswer({ metadata, spec: { egress, decision }, status }: ApprovalRequest): string[] {
  const { phase = 'Pending', expiresAt } = status ?? {};
  if (phase === 'Pending') return [];
  const by = egress?.binary === undefined ? '' : ` for ${egress.binary.path}`;
  const until = phase === 'Snoozed' && expiresAt !== undefined ? ` until ${expiresAt}` : '';
  const why = decision?.reason === undefined ? '' : `: ${decision.reason}`;
  return [`${metadata.name} is ${phase}${by}${until}, by ${decision?.by ?? 'a person'}${why}`];
}

function nextCommands(set: PolicySet, evaluation: Evaluation, question: RequestQuestion): string[] {
  if (set.isOfFiles === true) return [];
  const { namespace, name } = set.sandbox.metadata;
  if (evaluation.verdict === 'Ask') {
    const asked = askedBefore(set, evaluation, question);
    if (asked.length > 0)
      return asked.map(({ metadata }) => `kubectl creel -n ${namespace} approve apr/${metadata.name} --for 1h`);
    return [`kubectl creel -n ${namespace} approvals --watch     # once ${name} asks`];
  }
  if (evaluation.id === undefined) return evaluation.reason === 'Frozen' ? ['kubectl get cegp'] : [];
  if (!evaluation.id.includes('/')) return [`kubectl creel -n ${namespace} revoke apr/${evaluation.id}`];
  const [scope = '', policy = ''] = evaluation.id.split('/');
  return [scope === 'cluster' ? `kubectl edit cegp ${policy}` : `kubectl -n ${scope} edit egp ${policy}`];
}
