// Objects into snapshots, always the newest: each change compiles only the parts it can have changed, of the sandboxes it
// concerns. A decision of a person is compiled in the tick in which the watch brings it; the rest at the end of the tick.
import { isDeepStrictEqual } from 'node:util';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { labels } from '../../crds/schema/group.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { RuleIssue } from '../../engine/compile/rule-issue.ts';
import type { Revision } from '../../protocol/revision.ts';
import type { CompiledPolicy, Grants, UpstreamProxy } from '../../protocol/snapshot.ts';
import type { Pod } from '../core-types.ts';
import { type CredentialsResult, compileCredentials } from './compile-credentials.ts';
import { compileRoute, type RouteResult } from './compile-route.ts';
import { grantsFor, policyFor, type SnapshotSources, servicesIn } from './snapshot-sources.ts';
import type { CurrentSnapshot, SnapshotRegistry } from './types.ts';

type Part = 'policy' | 'grants' | 'route' | 'credentials';
const allParts: readonly Part[] = ['policy', 'grants', 'route', 'credentials'];

interface Compiled {
  readonly policy: CompiledPolicy;
  readonly issues: readonly RuleIssue[];
  readonly matched: readonly string[];
  readonly grants: Grants;
  readonly refusals: ReadonlyMap<string, string>;
  readonly route: RouteResult;
  readonly credentials: CredentialsResult;
}

export interface LiveSnapshotsOptions {
  readonly sources: SnapshotSources;
  /** Of the lease: orders revisions across operators. */
  readonly epoch: number;
  readonly resolvers: () => readonly string[];
  /** Of the whole installation; absent: none. */
  readonly upstreamProxy?: UpstreamProxy;
  /** Random: see compileCredentials. */
  readonly hashKey: Uint8Array;
  readonly maxPolicyAgeMs: number;
  readonly nowMs: () => number;
}

type Listener = (sandboxUid: string, current: CurrentSnapshot | undefined) => void;

export class LiveSnapshots implements SnapshotRegistry {
  readonly #options: LiveSnapshotsOptions;
  readonly #compiled = new Map<string, Compiled>();
  readonly #current = new Map<string, CurrentSnapshot>();
  readonly #listeners = new Set<Listener>();
  readonly #dirty = new Map<string, Set<Part>>();
  #flushPlanned = false;
  #counter = 0;

  /** Every source must be synced: a snapshot of half the policies would be a wrong one. */
  constructor(options: LiveSnapshotsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#follow(signal);
    for (const sandbox of options.sources.sandboxes.list()) this.#compile(sandbox.metadata.uid, allParts);
  }

  get newest(): Revision {
    return { epoch: this.#options.epoch, counter: this.#counter };
  }

  get(sandboxUid: string): CurrentSnapshot | undefined {
    return this.#current.get(sandboxUid);
  }

  list(): readonly CurrentSnapshot[] {
    return [...this.#current.values()];
  }

  subscribe(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  #follow(signal: AbortSignal): void {
    const { sandboxes, namespaces, pods, services, credentials, onNeverAddresses, ...kinds } = this.#options.sources;
    sandboxes.subscribe(change => {
      const { uid } = change.object.metadata;
      if (change.type === 'Deleted') this.#drop(uid);
      else if (change.type === 'Added') this.#compile(uid, allParts);
      else if (concernsPolicy(change.before, change.object)) this.#compile(uid, ['policy', 'route']);
    }, signal);
    kinds.approvalRequests.subscribe(({ object }) => this.#decided(object), signal);
    kinds.egressPolicies.subscribe(({ object }) => this.#markNamespace(object.metadata.namespace, ['policy']), signal);
    kinds.clusterEgressPolicies.subscribe(() => this.#markAll(['policy', 'grants']), signal);
    kinds.inferenceProfiles.subscribe(
      ({ object }) => this.#markNamespace(object.metadata.namespace, ['route']),
      signal,
    );
    credentials.subscribe(namespace => this.#markNamespace(namespace, ['route', 'credentials']), signal);
    namespaces.subscribe(({ object }) => this.#markNamespace(object.metadata.name, ['policy', 'grants']), signal);
    services.subscribe(() => this.#markAll(['policy', 'route']), signal);
    onNeverAddresses(() => this.#markAll(['policy']), signal);
    // A grant for the session ends with the pod it was given for.
    pods.subscribe(({ type, object }) => {
      if (type !== 'Modified') this.#markSandbox(object);
    }, signal);
  }

  #decided({ spec }: ApprovalRequest): void {
    this.#compile(spec.sandbox.uid, ['grants']);
  }

  #markSandbox({ metadata: { namespace = '', labels: podLabels } }: Pod): void {
    const sandbox = this.#options.sources.sandboxes.get({ namespace, name: podLabels?.[labels.sandbox] ?? '' });
    if (sandbox) this.#mark(sandbox, ['grants']);
  }

  #markNamespace(namespace: string, parts: readonly Part[]): void {
    for (const sandbox of this.#options.sources.sandboxes.list(namespace)) this.#mark(sandbox, parts);
  }

  #markAll(parts: readonly Part[]): void {
    for (const sandbox of this.#options.sources.sandboxes.list()) this.#mark(sandbox, parts);
  }

  #mark({ metadata }: Sandbox, parts: readonly Part[]): void {
    const marked = this.#dirty.get(metadata.uid) ?? new Set();
    for (const part of parts) marked.add(part);
    this.#dirty.set(metadata.uid, marked);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const [uid, parts] of dirty) this.#compile(uid, [...parts]);
  }

  #compile(uid: string, parts: readonly Part[]): void {
    const { sources, nowMs, hashKey } = this.#options;
    const sandbox = sources.sandboxes.byUid(uid);
    if (sandbox === undefined) return;
    const before = this.#compiled.get(uid);
    const wants = (part: Part) => before === undefined || parts.includes(part);
    const policy = wants('policy') ? policyFor(sandbox, sources) : undefined;
    const grants = wants('grants') ? grantsFor(sandbox, sources, nowMs()) : undefined;
    const route = wants('route') ? routeFor(sandbox, sources) : undefined;
    const rules = (policy ?? before)?.policy.rules ?? [];
    const credentials =
      wants('policy') || wants('credentials') ? compileCredentials(rules, sources.credentials.get, hashKey) : undefined;
    // `before` is there wherever a part was not wanted.
    const named = { ...(route === undefined ? {} : { route }), ...(credentials === undefined ? {} : { credentials }) };
    const next = { ...before, ...policy, ...grants, ...named } as Compiled;
    this.#compiled.set(uid, next);
    this.#publish(sandbox, next);
  }

  #publish({ metadata }: Sandbox, { route, credentials: secrets, ...compiled }: Compiled): void {
    const { resolvers, maxPolicyAgeMs, upstreamProxy } = this.#options;
    const { policy, grants, issues, matched, refusals } = compiled;
    const { credentials, credentialIssues } = secrets;
    const before = this.#current.get(metadata.uid);
    const about = {
      sandboxUid: metadata.uid,
      namespace: metadata.namespace,
      sandbox: metadata.name,
      issues: [...issues, ...credentialIssues],
      matched,
      refusals,
      ...(route.routeService === undefined ? {} : { routeService: route.routeService }),
    };
    const parts = {
      policy,
      grants,
      route: route.route,
      credentials,
      ...(upstreamProxy === undefined ? {} : { upstreamProxy }),
      resolvers: resolvers(),
      maxPolicyAgeMs,
    };
    if (before !== undefined && fingerprint(before.snapshot) === fingerprint(parts)) {
      this.#current.set(metadata.uid, { ...about, policyRevision: before.policyRevision, snapshot: before.snapshot });
      return;
    }
    this.#counter++;
    const revision = this.newest;
    const isSamePolicy = before?.snapshot.policy.hash === policy.hash;
    const policyRevision = isSamePolicy ? before.policyRevision : revision;
    const current: CurrentSnapshot = { ...about, policyRevision, snapshot: { revision, ...parts } };
    this.#current.set(metadata.uid, current);
    this.#tell(metadata.uid, current);
  }

  #drop(uid: string): void {
    this.#compiled.delete(uid);
    this.#dirty.delete(uid);
    if (this.#current.delete(uid)) this.#tell(uid, undefined);
  }

  #tell(uid: string, current: CurrentSnapshot | undefined): void {
    for (const listener of this.#listeners) listener(uid, current);
  }
}

/** The operator's own status writes are most of a Sandbox's changes. */
function concernsPolicy(before: Sandbox, after: Sandbox): boolean {
  return (
    before.metadata.generation !== after.metadata.generation ||
    !isDeepStrictEqual(before.metadata.labels, after.metadata.labels)
  );
}

function routeFor(sandbox: Sandbox, sources: SnapshotSources): RouteResult {
  return compileRoute({
    sandbox,
    profiles: sources.inferenceProfiles.list(sandbox.metadata.namespace),
    credential: sources.credentials.get,
    services: servicesIn(sources),
  });
}

function fingerprint(parts: Omit<CurrentSnapshot['snapshot'], 'revision'>): string {
  const { policy, grants, route, credentials, upstreamProxy, resolvers } = parts;
  return JSON.stringify([policy.hash, grants.hash, route.hash, credentials.hash, upstreamProxy ?? null, resolvers]);
}
