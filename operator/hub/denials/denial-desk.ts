// Denials of all sandboxes into ApprovalRequests: one a question, exact hits, bounded everything.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { apiVersion, labels } from '../../../crds/schema/group.ts';
import type { Clock, KubeClient, ObjectName, Store } from '../../../kube/types.ts';
import type { DenialFrame, Standing } from '../../../protocol/session.ts';
import type { OperatorEvents } from '../../event-reasons.ts';
import { resources } from '../../resources.ts';
import { type Asked, AskPolicy } from '../../snapshots/ask-policy.ts';
import type { SnapshotRegistry } from '../../snapshots/types.ts';
import type { AskedAnswer, SessionPeer } from '../session.ts';
import { buildRequest, isItself, questionOf } from './build-request.ts';
import { type AskDecision, decideAsk } from './decide-ask.ts';
import { HitCounter } from './hit-counter.ts';

export interface DenialDeskOptions {
  readonly client: KubeClient;
  readonly requests: Store<ApprovalRequest>;
  readonly registry: Pick<SnapshotRegistry, 'get'>;
  /** By what the sidecar has told. */
  readonly isUsedUp: (request: ApprovalRequest) => boolean;
  readonly events: OperatorEvents;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onFailure: (message: string) => void;
}

interface Open {
  readonly name: ObjectName;
  readonly uid: string;
  readonly hits: HitCounter;
  /** One write at a time: a late one would bring back an old count. One timer at a time. */
  writing: Promise<void> | undefined;
  waiting: boolean;
}

type Answer = (asked: AskedAnswer) => void;
type Round = Extract<AskDecision, { type: 'Create' }>;
interface Creating {
  readonly frames: { readonly frame: DenialFrame; readonly answer: Answer }[];
  readonly peer: SessionPeer;
}

/** Denials that wait for a creation in flight; more are answered without a name, their hits still count. */
const maxCreating = 256;
const maxOpen = 20_000;

export class DenialDesk {
  readonly #options: DenialDeskOptions;
  readonly #open = new Map<string, Open>();
  readonly #creating = new Map<string, Creating>();
  /** Created by us, not yet in the store. */
  readonly #fresh = new Map<string, ApprovalRequest>();
  readonly #policy: AskPolicy;
  /** Denials that led to no request, by the code of the reason: a closed set. Exact since this operator leads. */
  readonly refused = new Map<string, number>();

  constructor(options: DenialDeskOptions) {
    this.#options = options;
    this.#policy = new AskPolicy(() => options.clock.nowMs());
    options.requests.subscribe(({ type, object }) => {
      this.#fresh.delete(object.metadata.uid);
      if (type === 'Deleted') this.#open.delete(object.metadata.uid);
    }, options.signal);
  }

  readonly take = (peer: SessionPeer, frame: DenialFrame, answer: Answer): void => {
    const question = questionOf(peer, frame);
    const creating = this.#creating.get(question);
    if (creating) return void creating.frames.push({ frame, answer });
    const decision = decideAsk({
      host: frame.host,
      reason: frame.reason,
      sample: frame.sample,
      decision: this.#decide(peer, frame),
      isUsedUp: this.#options.isUsedUp,
      nowMs: this.#options.clock.nowMs(),
      rounds: this.#rounds(question),
      pending: () => this.#pending(peer),
    });
    switch (decision.type) {
      case 'Count':
        return this.#count(decision.request, frame, answer, decision.standing);
      case 'Denied':
        this.#countRefused('Denied');
        return answer({ approval: decision.request.metadata.name, standing: decision.standing });
      case 'Refuse':
        return this.#refuse(peer, decision.reason, answer);
      case 'Create':
        if (this.#creating.size >= maxCreating) return this.#refuse(peer, 'Busy: try again', answer);
        this.#creating.set(question, { peer, frames: [{ frame, answer }] });
        return void this.#create(question, decision);
    }
  };

  /** Everything that waits, written now: before the lease goes to another. */
  async flush(): Promise<void> {
    await Promise.all([...this.#open.values()].map(open => this.#flushOne(open)));
  }

  #decide({ sandboxUid }: SessionPeer, frame: DenialFrame): Asked {
    const policy = this.#options.registry.get(sandboxUid)?.snapshot.policy;
    if (policy === undefined) return { verdict: 'Deny', reason: 'NoPolicy' };
    return frame.reason === 'RequestNotAllowed'
      ? this.#policy.decideSampled(policy, frame, frame.sample)
      : this.#policy.decide(policy, frame);
  }

  async #flushOne(open: Open): Promise<void> {
    for (let { writing } = open; writing; writing = open.writing) await writing;
    if (open.hits.dueInMs(this.#options.clock.nowMs()) === undefined) return;
    await this.#startWrite(open);
  }

  #rounds(question: string): readonly ApprovalRequest[] {
    const fresh = [...this.#fresh.values()].filter(({ metadata }) => metadata.labels?.[labels.question] === question);
    // Whoever wrote that label: only what has the name of its own content is a round of it.
    return [...this.#options.requests.byIndex('question', question), ...fresh].filter(isItself);
  }

  #pending({ namespace, sandboxUid }: SessionPeer) {
    const stored = this.#options.requests.list(namespace);
    const fresh = [...this.#fresh.values()].filter(({ metadata }) => metadata.namespace === namespace);
    const pending = [...stored, ...fresh].filter(({ status }) => (status?.phase ?? 'Pending') === 'Pending');
    const inFlight = [...this.#creating.values()].filter(({ peer }) => peer.namespace === namespace);
    return {
      ofNamespace: pending.length + inFlight.length,
      ofSandbox:
        pending.filter(({ spec }) => spec.sandbox.uid === sandboxUid).length +
        inFlight.filter(({ peer }) => peer.sandboxUid === sandboxUid).length,
    };
  }

  #countRefused(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  #refuse(peer: SessionPeer, reason: string, answer: Answer): void {
    const code = reason.split(':')[0] ?? reason;
    this.#countRefused(code);
    if (code === 'TooManyRequests') {
      const { namespace, sandbox, sandboxUid } = peer;
      const regarding = { apiVersion, kind: 'Sandbox', metadata: { name: sandbox, namespace, uid: sandboxUid } };
      const note = `${reason}; decide some: kubectl -n ${namespace} get approvalrequests`;
      this.#options.events.record(regarding, { type: 'Warning', reason: 'TooManyRequests', note });
    }
    answer({ reason });
  }

  async #create(question: string, next: Round): Promise<void> {
    const creating = this.#creating.get(question);
    const first = creating?.frames[0];
    if (creating === undefined || first === undefined) return;
    const outcome = await this.#store(creating.peer, first.frame, next);
    this.#creating.delete(question);
    if (typeof outcome === 'string') {
      for (const { answer } of creating.frames) this.#refuse(creating.peer, outcome, answer);
      return;
    }
    const nowMs = this.#options.clock.nowMs();
    const open = this.#openOf(outcome, nowMs);
    for (const { frame } of creating.frames) open.hits.add(frame.hits, frame.sample, nowMs);
    // What was tried is written down before anybody hears of the request: an operator that ends here is told again.
    await this.#flushOne(open);
    for (const { answer } of creating.frames) answer({ approval: outcome.metadata.name });
  }

  /** The stored request, or why there is none. */
  async #store(peer: SessionPeer, frame: DenialFrame, next: Round): Promise<ApprovalRequest | string> {
    const request = buildRequest(peer, frame, next) as unknown as ApprovalRequest;
    const { client, onFailure } = this.#options;
    try {
      const created = await client.create(resources.approvalRequests, request);
      if (created.ok) {
        if (this.#options.requests.byUid(created.object.metadata.uid) === undefined)
          this.#fresh.set(created.object.metadata.uid, created.object);
        return created.object;
      }
      if (created.refusal.reason !== 'AlreadyExists') return `RequestRefused: ${created.refusal.message.slice(0, 200)}`;
      const present = await client.get(resources.approvalRequests, request.metadata);
      // The name is the digest of the content: another content under it is not ours to count on.
      return present && sameQuestion(present, request)
        ? present
        : 'NameTaken: another object has the name of this request';
    } catch (error) {
      onFailure(`approval request ${request.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
      return 'Unavailable: the API server did not take the request';
    }
  }

  #count(request: ApprovalRequest, frame: DenialFrame, answer: Answer, standing?: Standing): void {
    const nowMs = this.#options.clock.nowMs();
    const open = this.#openOf(request, nowMs);
    open.hits.add(frame.hits, frame.sample, nowMs);
    answer({ approval: request.metadata.name, ...(standing === undefined ? {} : { standing }) });
    this.#schedule(open);
  }

  #openOf(request: ApprovalRequest, nowMs: number): Open {
    return this.#open.get(request.metadata.uid) ?? this.#remember(request, nowMs);
  }

  #remember(request: ApprovalRequest, nowMs: number): Open {
    const { namespace, name, uid } = request.metadata;
    const open = {
      name: { namespace, name },
      uid,
      hits: new HitCounter(nowMs, request.status),
      writing: undefined,
      waiting: false,
    };
    if (this.#open.size >= maxOpen) this.#open.delete(this.#open.keys().next().value ?? '');
    this.#open.set(uid, open);
    return open;
  }

  #schedule(open: Open): void {
    const dueInMs = open.hits.dueInMs(this.#options.clock.nowMs());
    if (dueInMs === undefined || open.writing || open.waiting) return;
    if (dueInMs === 0) return void this.#startWrite(open);
    open.waiting = true;
    const run = () => {
      open.waiting = false;
      this.#schedule(open);
    };
    this.#options.clock.after(dueInMs, run, this.#options.signal);
  }

  #startWrite(open: Open): Promise<void> {
    const writing = this.#write(open).then(() => {
      open.writing = undefined;
      this.#schedule(open);
    });
    open.writing = writing;
    return writing;
  }

  async #write(open: Open): Promise<void> {
    const { client, clock, onFailure } = this.#options;
    const status = open.hits.take(clock.nowMs());
    try {
      const patch = { metadata: { uid: open.uid }, status };
      const written = await client.patchStatus(resources.approvalRequests, open.name, patch);
      if (!written.ok) this.#open.delete(open.uid);
    } catch (error) {
      open.hits.failed();
      onFailure(`hits of ${open.name.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function sameQuestion(a: ApprovalRequest, b: ApprovalRequest): boolean {
  return contentOf(a) === contentOf(b);
}

function contentOf({ spec: { type, sandbox, egress } }: ApprovalRequest): string {
  const { host, port, binary, reason } = egress ?? {};
  return JSON.stringify([type, sandbox.uid, host, port, binary?.path, binary?.sha256, reason]);
}
