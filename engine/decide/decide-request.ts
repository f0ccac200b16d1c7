// Decides one request inside an inspected connection: denials first, then what needs no body, then what must read it.
// Pure and total; a request that nothing lets through may be asked for.
import type { CredentialUse, Grant } from '../../protocol/snapshot.ts';
import type { BodyRefusal } from '../bodies/body-problem.ts';
import type { Inspected } from './decision.ts';
import { presetAllows } from './request/allowed-methods.ts';
import { type BodyOutcome, bodyRulesOf, decideBody } from './request/decide-body.ts';
import { patternAllows, patternDenies } from './request/match-pattern.ts';
import { looksOf, type PreparedRule, prepareRule } from './request/prepare-rule.ts';
import { type RequestFacts, readFacts } from './request/request-facts.ts';
import { targetProblems } from './request/target-problems.ts';
import type { RequestDecision, RequestHead } from './request-decision.ts';

/** More than this is not read for a decision. */
export const maxInspectedBodyBytes = 65_536;

/** One reason to let the request through. */
interface Reason {
  readonly by: 'Rule' | 'Grant';
  readonly id: string;
  readonly isEnforced: boolean;
  readonly credential: CredentialUse | undefined;
  /** For WebSockets; undefined: every message. */
  readonly text: readonly string[] | undefined;
  /** It costs one of so many uses. */
  readonly isCounted?: boolean;
}

export function decideRequest(inspected: Inspected, head: RequestHead, body?: Buffer): RequestDecision {
  const rules = inspected.rules.flatMap(rule => inspected.prepared?.(rule) ?? prepareRule(rule) ?? []);
  const read = readFacts(head, looksOf(rules, inspected.grants));
  if (!read.ok) return { verdict: 'Deny', reason: 'AmbiguousPath', status: 400, detail: targetProblems[read.problem] };
  const { facts } = read;
  const denier = rules.find(
    ({ block }) => block.kind === 'HTTP' && block.deny.some(deny => patternDenies(deny, facts)),
  );
  if (denier !== undefined) return denied(denier.rule.id);
  const reasons = [
    ...rules.flatMap(rule => reasonOf(rule, facts)),
    ...inspected.grants.flatMap(grant => grantReason(grant, facts)),
  ];
  if (reasons.length > 0) return allowFor(reasons);
  const readers = bodyRulesOf(rules, facts);
  if (readers.length === 0) return { verdict: 'Ask', reason: 'RequestNotAllowed' };
  if (body === undefined) return { verdict: 'NeedsBody', maxBytes: maxInspectedBodyBytes };
  if (body.length > maxInspectedBodyBytes) return tooLarge(readers);
  return answerTo(decideBody(readers, head, body));
}

function denied(id: string): RequestDecision {
  const detail = 'A deny pattern of a policy speaks of this request; no approval can allow it.';
  return { verdict: 'Deny', reason: 'RequestDenied', status: 403, detail, id };
}

function tooLarge([reader]: readonly PreparedRule[]): RequestDecision {
  const detail = `Policy reads this body and takes at most ${maxInspectedBodyBytes} bytes.`;
  const id = reader === undefined ? {} : { id: reader.rule.id };
  return { verdict: 'Deny', reason: 'UnreadableBody', status: 413, detail, ...id };
}

/** Rules that need no body. */
function reasonOf({ rule, block }: PreparedRule, facts: RequestFacts): readonly Reason[] {
  if (block.kind === 'WebSocket') {
    const { head, target } = facts;
    const fits = block.path === undefined || (target !== undefined && block.path(target.path));
    return head.isWebSocket && fits ? [ruleReason(rule, block.block.text)] : [];
  }
  // An upgrade leaves HTTP behind: a rule about requests does not speak of it.
  if (block.kind !== 'HTTP' || facts.head.isWebSocket) return [];
  const isAllowed = facts.methods.every(
    method => presetAllows(block.access, method) || block.allow.some(allow => patternAllows(allow, method, facts)),
  );
  return isAllowed ? [ruleReason(rule, undefined)] : [];
}

function ruleReason({ id, mode, credential }: PreparedRule['rule'], text: Reason['text']): Reason {
  return { by: 'Rule', id, isEnforced: mode === 'Enforce', credential, text };
}

/** A grant without requests is the whole host; one with them is exactly these, and no upgrade. */
function grantReason({ id, requests, uses }: Grant, { methods, head, target }: RequestFacts): readonly Reason[] {
  const isListed = (method: string) =>
    requests?.some(request => request.method === method && request.path === target?.path) ?? true;
  if (requests !== undefined && head.isWebSocket) return [];
  const isCounted = uses !== undefined;
  return methods.every(isListed)
    ? [{ by: 'Grant', id, isEnforced: true, credential: undefined, text: undefined, isCounted }]
    : [];
}

/**
 * A rule with a credential speaks first, or what its author meant to sign would go out unsigned. Then what is enforced
 * before what is only recorded, rules before grants, grants without a number of uses before those with one, and by id.
 */
function allowFor(reasons: readonly Reason[], operation?: string): RequestDecision {
  const order = ({ credential, isEnforced, by, isCounted }: Reason) =>
    Number(credential === undefined) * 8 +
    Number(!isEnforced) * 4 +
    Number(by === 'Grant') * 2 +
    Number(isCounted === true);
  const [first] = reasons.toSorted((a, b) => order(a) - order(b) || compareText(a.id, b.id));
  if (first === undefined) return { verdict: 'Ask', reason: 'RequestNotAllowed' };
  const texts = reasons.map(({ text }) => text);
  const { by, id, credential } = first;
  return {
    verdict: 'Allow',
    by,
    id,
    mode: reasons.some(({ isEnforced }) => isEnforced) ? 'Enforce' : 'Audit',
    ...(credential === undefined ? {} : { credential }),
    ...(operation === undefined ? {} : { operation }),
    ...(texts.includes(undefined) ? {} : { text: [...new Set(texts.flatMap(text => text ?? []))] }),
  };
}

function answerTo(outcome: BodyOutcome | undefined): RequestDecision {
  if (outcome === undefined) return { verdict: 'Ask', reason: 'RequestNotAllowed' };
  if (outcome.kind === 'Unreadable') return unreadable(outcome.refusal, outcome.id);
  const { operation } = outcome;
  if (outcome.kind === 'NotAllowed') return { verdict: 'Ask', reason: 'RequestNotAllowed', operation };
  const reasons = outcome.rules.map(({ rule }) => ({ ...ruleReason(rule, undefined), isEnforced: outcome.isEnforced }));
  return allowFor(reasons, operation);
}

function unreadable({ problem, detail }: BodyRefusal, id: string): RequestDecision {
  const status = problem === 'ContentType' || problem === 'EncodedBody' ? 415 : 400;
  return { verdict: 'Deny', reason: 'UnreadableBody', status, detail: `${detail} (${problem})`, id };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
