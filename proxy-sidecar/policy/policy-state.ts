// What is in force now. A snapshot is swapped in as a whole or not at all; an older revision never comes back.
import { createDecider, type Decider } from '../../engine/decide/decider.ts';
import { compareRevisions, formatRevision, type Revision } from '../../protocol/revision.ts';
import type {
  CompiledPolicy,
  Credentials,
  Grant,
  Grants,
  NoRoute,
  Route,
  Snapshot,
  UpstreamProxy,
} from '../../protocol/snapshot.ts';
import { LiveConnections } from './live-connections.ts';

export type Applied = { readonly ok: true; readonly closed: number } | { readonly ok: false; readonly reason: string };

/** All parts of a snapshot, as they are in force. */
export interface InForce {
  readonly revision: Revision;
  readonly policy: CompiledPolicy;
  readonly grants: Grants;
  readonly route: Route | NoRoute;
  /** Secrets of rules, in memory only. */
  readonly credentials?: Credentials;
  readonly upstreamProxy?: UpstreamProxy;
  readonly resolvers: readonly string[];
  readonly maxPolicyAgeMs: number;
}

export interface PolicyStateOptions {
  readonly nowMs: () => number;
  /** Called with every new state, after it is in force. */
  readonly onApplied: (inForce: InForce) => void;
  readonly log: (message: string) => void;
  /** Which grants have no use left. */
  readonly isUsedUp?: (grant: Grant) => boolean;
  readonly signal: AbortSignal;
}

const longestTimerMs = 2 ** 31 - 1;
const tooOldMs = 60_000;

export class PolicyState {
  readonly connections: LiveConnections;
  readonly #options: PolicyStateOptions;
  #inForce: InForce | undefined;
  #decider: Decider | undefined;
  /** Unix ms of the last word from the hub. */
  #heardMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(options: PolicyStateOptions) {
    this.#options = options;
    this.connections = new LiveConnections(options.log);
    this.#heardMs = options.nowMs();
    options.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  get inForce(): InForce | undefined {
    return this.#inForce;
  }

  get revisionText(): string {
    return this.#inForce === undefined ? '' : formatRevision(this.#inForce.revision);
  }

  /** undefined = nothing may be allowed: no snapshot yet, or the last one is too old. */
  get decider(): Decider | undefined {
    return this.#isTooOld() ? undefined : this.#decider;
  }

  /** Unix ms of the last word from the hub. */
  get heardMs(): number {
    return this.#heardMs;
  }

  get route(): Route | NoRoute | undefined {
    if (this.#isTooOld()) return undefined;
    return this.#inForce?.policy.frozen === true ? frozenRoute : this.#inForce?.route;
  }

  /** The hub is there and has no other snapshot: the one in force is as good as new. */
  heardFromHub(): void {
    this.#heardMs = this.#options.nowMs();
    this.#schedule();
  }

  /** Parts that are absent stay; an invalid snapshot changes nothing. `atMs`: when the hub said so, Unix ms. */
  apply(snapshot: Snapshot, atMs = this.#options.nowMs()): Applied {
    const before = this.#inForce;
    if (before !== undefined && compareRevisions(snapshot.revision, before.revision) < 0) {
      return {
        ok: false,
        reason: `OlderRevision: ${formatRevision(snapshot.revision)} after ${formatRevision(before.revision)}`,
      };
    }
    const policy = snapshot.policy ?? before?.policy;
    const grants = snapshot.grants ?? before?.grants;
    const route = snapshot.route ?? before?.route;
    if (policy === undefined || grants === undefined || route === undefined)
      return { ok: false, reason: 'IncompleteSnapshot' };
    const credentials = snapshot.credentials ?? before?.credentials;
    const { revision, resolvers, maxPolicyAgeMs, upstreamProxy } = snapshot;
    const compiled = compile(policy, grants, this.#options);
    if (typeof compiled === 'string') return { ok: false, reason: `InvalidSnapshot: ${compiled}` };
    this.#decider = compiled;
    this.#inForce = {
      revision,
      policy,
      grants,
      route,
      resolvers,
      maxPolicyAgeMs,
      ...(credentials === undefined ? {} : { credentials }),
      ...(upstreamProxy === undefined ? {} : { upstreamProxy }),
    };
    this.#heardMs = atMs;
    const closed = this.#changed();
    this.#options.onApplied(this.#inForce);
    return { ok: true, closed };
  }

  /** Calls `listener` at each change of what is allowed, until the result is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.connections.closeAll();
  }

  #changed(): number {
    const closed = this.connections.recheck();
    for (const listener of this.#listeners) listener();
    this.#schedule();
    return closed;
  }

  #isTooOld(): boolean {
    const state = this.#inForce;
    return state !== undefined && this.#options.nowMs() - this.#heardMs > state.maxPolicyAgeMs;
  }

  /** Looks again when the next grant ends, or the whole snapshot does. */
  #schedule(): void {
    clearTimeout(this.#timer);
    const state = this.#inForce;
    if (state === undefined || this.#options.signal.aborted) return;
    const nowMs = this.#options.nowMs();
    const ends = state.grants.items.flatMap(({ expiresAtMs }) =>
      expiresAtMs !== undefined && expiresAtMs > nowMs ? [expiresAtMs] : [],
    );
    const nextMs = Math.min(...ends, this.#heardMs + state.maxPolicyAgeMs + 1) - nowMs;
    // Of one that is too old nothing more can end, but a clock may be set back.
    const soonestMs = this.#isTooOld() ? tooOldMs : 1;
    this.#timer = setTimeout(() => this.#changed(), Math.min(Math.max(nextMs, soonestMs), longestTimerMs));
    this.#timer.unref();
  }
}

const frozenRoute: NoRoute = {
  hash: 'frozen',
  reason: 'Frozen',
  message: 'a cluster administrator has frozen this sandbox',
};

function compile(
  policy: CompiledPolicy,
  grants: Grants,
  { nowMs, isUsedUp }: Pick<PolicyStateOptions, 'nowMs' | 'isUsedUp'>,
): Decider | string {
  try {
    return createDecider(policy, grants, nowMs, isUsedUp);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
