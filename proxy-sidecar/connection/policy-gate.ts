// The gate of one captured connection: each request is decided on what is in force now, by whoever owns the socket now.
import { hostText } from '../../engine/canonical/host.ts';
import type { Allow, Ask } from '../../engine/decide/decision.ts';
import type { Permit } from '../../engine/decide/permit.ts';
import type { RequestDecision, RequestHead } from '../../engine/decide/request-decision.ts';
import type { DenyBody } from '../http/deny-response.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import type { Denial } from '../session/denial-reports.ts';
import { askedWords, notHeldWords } from './asked-words.ts';
import type { ConnectionContext } from './connection-context.ts';
import { credentialFields } from './credential-fields.ts';
import {
  type Allowed,
  decideTarget,
  identifyOwner,
  isOwned,
  permitTarget,
  reasonOf,
  type Verdict,
} from './decide-target.ts';
import { type Held, holdForDecision } from './hold-for-decision.ts';
import { type Decided, pathOf, requestAudit } from './request-audit.ts';
import type { GateVerdict, RequestGate } from './request-gate.ts';
import { allHeld, type Carried, isStillAllowed } from './still-allowed.ts';
import { takeUse } from './take-use.ts';

type AllowedRequest = RequestDecision & { readonly verdict: 'Allow' };
/** About this request, or about the whole host: nothing lists it any more. */
type Asking = (RequestDecision & { readonly verdict: 'Ask' }) | Ask;

export function createPolicyGate(
  captured: Captured,
  carried: Carried,
  first: Allowed,
  isTls: boolean,
  context: ConnectionContext,
): RequestGate {
  const { target } = carried;
  const host = hostText(target.host);
  const { port } = target;
  const decided = new WeakMap<RequestHead, Decided>();
  const waited = new WeakSet<RequestHead>();

  async function decide(head: RequestHead, body?: Buffer): Promise<GateVerdict> {
    const verdict = await decideTarget({ ...target, held: carried.held }, captured, context);
    if (verdict.kind === 'Ask') return await ask(head, body, { ...first, ...whoOf(verdict) }, verdict.ask);
    if (verdict.kind !== 'Allow') return refuse(head, 403, noLongerAllowed, { verdict: first });
    if (verdict.binary !== undefined) carried.binary = verdict.binary;
    // An opaque rule or a grant of something else took the place of what this connection was opened under.
    if (!isStillAllowed(carried, context.policy)) return refuse(head, 403, noLongerAllowed, { verdict });
    const decision = decideOne(verdict.allow, carried, head, body, context);
    if (decision.verdict === 'NeedsBody') return decision;
    if (decision.verdict === 'Allow') return await permitRequest(head, body, verdict, decision);
    if (decision.verdict === 'Ask') return await ask(head, body, verdict, decision);
    const words = { error: decision.reason, detail: decision.detail };
    return refuse(head, decision.status, words, { verdict, decision });
  }

  async function permitRequest(
    head: RequestHead,
    body: Buffer | undefined,
    verdict: Allowed,
    decision: AllowedRequest,
  ): Promise<GateVerdict> {
    const signedIn = credentialFields(decision.credential, { host, isTls }, context.policy.inForce?.credentials);
    if (!signedIn.ok) {
      const words = { error: 'CredentialUnavailable', detail: signedIn.detail };
      return refuse(head, 503, words, { verdict, decision, reason: 'CredentialUnavailable' });
    }
    if (carried.permit === undefined) {
      const permit = await permitTarget(target, verdict.allow, carried.binary, context);
      if (permit.verdict !== 'Permit') {
        const reason = reasonOf(permit);
        const detail = 'The host is allowed, but none of its addresses can be used.';
        return refuse(head, 502, { error: reason, detail }, { verdict, decision, reason });
      }
      // The addresses stay those of the first request that has some: what was pinned is checked again, not looked up again.
      carried.permit ??= permit;
      // Resolvers take their time, and an agent may own one: what is in force after it decides, with the credential of then.
      return await decide(head, body);
    }
    if (decision.by === 'Grant' && !takeUse(decision.id, carried, context))
      return await ask(head, body, verdict, { verdict: 'Ask', reason: 'RequestNotAllowed' });
    decided.set(head, { verdict, decision });
    return permitted(carried.permit, signedIn.fields, decision);
  }

  async function ask(
    head: RequestHead,
    body: Buffer | undefined,
    verdict: Allowed,
    decision: Asking,
  ): Promise<GateVerdict> {
    const identity = verdict.identity ?? (await identifyOwner(captured, context)).identity;
    const known: Allowed = identity === undefined ? verdict : { ...verdict, identity };
    const denial: Denial = {
      host,
      port,
      reason: decision.reason,
      sample: decision.reason === 'NotListed' ? `${host}:${port}` : `${head.method} ${host}${pathOf(head)}`,
      ...(identity === undefined ? {} : { binary: identity }),
    };
    const reported = context.denials.report(denial);
    const held = await hold(head, body, denial);
    if (held === 'Decided') return await decide(head, body);
    const asked = context.denials.newest(denial) ?? (await reported);
    const what = decision.reason === 'NotListed' ? 'No policy lists' : 'No rule lists this request to';
    const detail = `${what} ${host}:${port}, and no person has approved it.`;
    const answer = askedWords(asked, { error: decision.reason, detail });
    const words = held === 'TooManyHeld' ? notHeldWords(answer, context.holds.max) : answer;
    const { approval } = words;
    return refuse(head, 403, words, { verdict: known, decision, ...(approval === undefined ? {} : { approval }) });
  }

  /** Waits for a decision on this request, once; undefined: policy holds nothing, or it has waited. */
  async function hold(
    head: RequestHead,
    body: Buffer | undefined,
    denial: Denial,
  ): Promise<Held<true>['kind'] | undefined> {
    const holdMs = context.policy.inForce?.policy.holdMs ?? 0;
    if (holdMs === 0 || waited.has(head)) return undefined;
    waited.add(head);
    const look = async () => {
      const now = await decideTarget({ ...target, held: carried.held }, captured, context);
      if (now.kind !== 'Allow') return now.kind === 'Ask' ? undefined : true;
      return decideOne(now.allow, carried, head, body, context).verdict === 'Ask' ? undefined : true;
    };
    const isClientThere = () => isOwned(captured, context);
    return (await holdForDecision<true>({ holdMs, denial, look, isClientThere }, context)).kind;
  }

  function refuse(
    head: RequestHead,
    status: number,
    words: Pick<DenyBody, 'error' | 'detail' | 'next' | 'approval'>,
    known: Decided,
  ): GateVerdict {
    decided.set(head, known);
    const binary = known.verdict.identity?.path;
    const body = { ...words, host, port, ...(binary === undefined ? {} : { binary }), ...requestOf(head) };
    return { verdict: 'Refuse', status, body };
  }

  return {
    host,
    port,
    defaultPort: isTls ? 443 : 80,
    decide,
    watch(head, body, close) {
      const before = permittedBy(decided.get(head));
      return context.policy.connections.add({
        isStillAllowed: () =>
          isRequestStillAllowed(carried, head, body, before, context) &&
          isStillSignedIn(before, { host, isTls }, context),
        close,
      });
    },
    record(head, record) {
      context.audit.record(requestAudit(target, head, record, decided.get(head) ?? { verdict: first }, context));
    },
  };
}

function permittedBy(known: Decided | undefined): AllowedRequest | undefined {
  return known?.decision?.verdict === 'Allow' ? known.decision : undefined;
}

function whoOf({ identity }: Verdict): Pick<Verdict, 'identity'> {
  return identity === undefined ? {} : { identity };
}

const noLongerAllowed = { error: 'NoLongerAllowed', detail: 'Policy has changed.' };

/** A grant of a host that no rule inspects carries every request; a rule for any bytes that took its place, too. */
function decideOne(
  allow: Allow,
  { isPlainHttp }: Pick<Carried, 'isPlainHttp'>,
  head: RequestHead,
  body: Buffer | undefined,
  { decideRequest }: Pick<ConnectionContext, 'decideRequest'>,
): RequestDecision {
  if (allow.inspected !== undefined) return decideRequest(allow.inspected, head, body);
  if (allow.protocol === 'Any' || (allow.protocol === 'TCP' && isPlainHttp))
    return { verdict: 'Allow', by: allow.by === 'Grant' ? 'Grant' : 'Rule', id: allow.id, mode: allow.mode };
  return { verdict: 'Deny', reason: 'RequestDenied', status: 403, detail: 'The rule says nothing about requests.' };
}

/** A secret that was replaced was good; one that was taken back, from the rule or for this host, is not. */
function isStillSignedIn(
  before: RequestDecision | undefined,
  where: { readonly host: string; readonly isTls: boolean },
  { policy }: Pick<ConnectionContext, 'policy'>,
): boolean {
  const use = before?.verdict === 'Allow' ? before.credential : undefined;
  return credentialFields(use, where, policy.inForce?.credentials).ok;
}

/** In flight, nobody is asked whose socket it is; what is signed in, or a WebSocket's messages judged, otherwise now is over too. */
function isRequestStillAllowed(
  carried: Carried,
  head: RequestHead,
  body: Buffer | undefined,
  before: RequestDecision | undefined,
  context: ConnectionContext,
): boolean {
  if (!isStillAllowed(carried, context.policy)) return false;
  const { target, binary = { kind: 'unknown' } } = carried;
  const allow = context.policy.decider?.decide({ ...target, binary, held: allHeld(carried) });
  if (allow?.verdict !== 'Allow') return false;
  const now = decideOne(allow, carried, head, body, context);
  return now.verdict === 'Allow' && (before?.verdict !== 'Allow' || isSameUse(now, before));
}

function isSameUse(one: AllowedRequest, other: AllowedRequest): boolean {
  const useOf = ({ text, credential }: AllowedRequest) => JSON.stringify([text, credential]);
  return useOf(one) === useOf(other);
}

function permitted(permit: Permit, setFields: readonly HeaderField[], { text }: AllowedRequest): GateVerdict {
  return { verdict: 'Permit', permit, setFields, ...(text === undefined ? {} : { text }) };
}

function requestOf(head: RequestHead): Pick<DenyBody, 'method' | 'path'> {
  return { method: head.method, path: pathOf(head) };
}
