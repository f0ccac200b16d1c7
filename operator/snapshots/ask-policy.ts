// What the compiled policy itself says of a question: the hub asks before it asks a person, and a request that a new policy
// answers needs no person any more.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { parseHost } from '../../engine/canonical/host.ts';
import { sampledRequests } from '../../engine/compile/sampled-requests.ts';
import { decideRequest } from '../../engine/decide/decide-request.ts';
import { createDecider, type Decider } from '../../engine/decide/decider.ts';
import type { Allow, Decision } from '../../engine/decide/decision.ts';
import { ruleForGrant } from '../../engine/decide/rule-for-grant.ts';
import type { CompiledPolicy, Grant } from '../../protocol/snapshot.ts';

/** What the policy says of a denial that a sidecar reports. */
export type Asked = Decision | { readonly verdict: 'Deny'; readonly reason: 'RequestDenied'; readonly id?: string };

interface Question {
  readonly host: string;
  readonly port: number;
  readonly binary?: { readonly path: string; readonly sha256: string };
}

export class AskPolicy {
  /** A policy is compiled once and asked often. */
  readonly #deciders = new WeakMap<CompiledPolicy, Decider>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Rules only: grants are answers of people, and this is about what needs none. */
  decide(policy: CompiledPolicy, { host, port, binary }: Question): Decision {
    const target = parseHost(host);
    if (target.kind === 'invalid') return { verdict: 'Deny', reason: 'ImplausibleName' };
    return this.#deciderOf(policy).decide({
      host: target,
      port,
      binary: binary === undefined ? { kind: 'unknown' } : { kind: 'known', path: binary.path, sha256: binary.sha256 },
    });
  }

  /**
   * For a request inside an inspected connection: whether a person may be asked at all. What the sample lacks (query, body) can
   * only make the sidecar's answer stricter, so its denial stands where this would allow.
   */
  decideSampled(policy: CompiledPolicy, question: Question, sample: string): Asked {
    const decision = this.decide(policy, question);
    if (decision.verdict === 'Deny') return decision;
    if (policy.onUnlisted === 'Deny') return { verdict: 'Deny', reason: 'NotListed' };
    const inspected = decision.verdict === 'Allow' ? decision.inspected : undefined;
    const [request] = sampledRequests(question.host, [sample]);
    if (inspected === undefined || request === undefined) return decision;
    const answer = decideRequest(inspected, { method: request.method, target: request.path, isWebSocket: false });
    return answer.verdict === 'Deny' && answer.reason === 'RequestDenied'
      ? { verdict: 'Deny', reason: answer.reason, ...(answer.id === undefined ? {} : { id: answer.id }) }
      : decision;
  }

  #deciderOf(policy: CompiledPolicy): Decider {
    const known = this.#deciders.get(policy);
    const decider = known ?? createDecider(policy, { hash: '', items: [] }, this.#nowMs);
    if (!known) this.#deciders.set(policy, decider);
    return decider;
  }

  /** The rule that allows all that the grant does: without the grant nothing would be different. */
  ruleForGrant(policy: CompiledPolicy, grant: Grant): string | undefined {
    return ruleForGrant(this.#deciderOf(policy), grant);
  }

  /** The rule that allows what was asked for. */
  answeredBy(policy: CompiledPolicy, { spec: { egress }, status }: ApprovalRequest): string | undefined {
    const decision = egress && this.decide(policy, egress);
    if (decision?.verdict !== 'Allow' || decision.by !== 'Rule') return undefined;
    const isAnswered =
      egress?.reason === 'NotListed' || allowsSeen(decision, egress?.host ?? '', status?.samples ?? []);
    return isAnswered ? decision.id : undefined;
  }
}

/** As many as a request keeps: there may have been more. */
const maxSamples = 10;

/** Whether every single request that was refused passes now. One that cannot be read again from its sample may not. */
function allowsSeen({ inspected }: Allow, host: string, samples: readonly string[]): boolean {
  if (inspected === undefined) return true;
  const requests = sampledRequests(host, samples);
  if (requests.length === 0 || requests.length !== samples.length || samples.length >= maxSamples) return false;
  return requests.every(
    ({ method, path }) => decideRequest(inspected, { method, target: path, isWebSocket: false }).verdict === 'Allow',
  );
}
