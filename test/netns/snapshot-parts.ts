// Short ways to say what a sandbox may do.
import { createHash } from 'node:crypto';
import type {
  CompiledPolicy,
  CompiledRule,
  Credentials,
  Grant,
  Inspection,
  NoRoute,
  Route,
  Snapshot,
  UpstreamProxy,
} from '../../protocol/snapshot.ts';

/** What a test changes; the hashes follow from the content. */
export interface SnapshotParts {
  readonly policy?: Partial<Omit<CompiledPolicy, 'hash'>>;
  readonly grants?: readonly Grant[];
  readonly route?: Omit<Route, 'hash'> | Omit<NoRoute, 'hash'>;
  readonly credentials?: Credentials['items'];
  /** null takes it away. */
  readonly upstreamProxy?: UpstreamProxy | null;
  readonly resolvers?: readonly string[];
  readonly maxPolicyAgeMs?: number;
}

type FullSnapshot = Snapshot & Required<Pick<Snapshot, 'policy' | 'grants' | 'route'>>;

const denyAll: Omit<CompiledPolicy, 'hash'> = {
  onUnlisted: 'Ask',
  holdMs: 0,
  identity: 'Process',
  frozen: false,
  rules: [],
  neverAddresses: [],
};
const noRoute = { reason: 'NotConfigured', message: 'The test has set no route.' };

/** Nothing allowed, nothing granted, no route. */
export function emptySnapshot(resolver: string): FullSnapshot {
  return {
    revision: { epoch: 1, counter: 1 },
    policy: hashed(denyAll),
    grants: hashed({ items: [] }),
    route: hashed(noRoute),
    resolvers: [`${resolver}:53`],
    maxPolicyAgeMs: 86_400_000,
  };
}

export function withParts(snapshot: Snapshot, parts: SnapshotParts): FullSnapshot {
  const { policy = hashed(denyAll), grants = hashed({ items: [] }), route = hashed(noRoute) } = snapshot;
  const { hash: _old, ...oldPolicy } = policy;
  const credentials = parts.credentials === undefined ? snapshot.credentials : hashed({ items: parts.credentials });
  const upstreamProxy = parts.upstreamProxy === undefined ? snapshot.upstreamProxy : parts.upstreamProxy;
  return {
    revision: snapshot.revision,
    policy: parts.policy === undefined ? policy : hashed({ ...oldPolicy, ...parts.policy }),
    grants: parts.grants === undefined ? grants : hashed({ items: parts.grants }),
    route: parts.route === undefined ? route : hashed(parts.route),
    ...(credentials === undefined ? {} : { credentials }),
    ...(upstreamProxy === undefined || upstreamProxy === null ? {} : { upstreamProxy }),
    resolvers: parts.resolvers ?? snapshot.resolvers,
    maxPolicyAgeMs: parts.maxPolicyAgeMs ?? snapshot.maxPolicyAgeMs,
  };
}

/** The frame a real hub would send: the parts that a push left alone are absent. */
export function changedParts(snapshot: Snapshot, parts: SnapshotParts): Snapshot {
  const { policy, grants, route, credentials, ...always } = snapshot;
  return {
    ...always,
    ...(parts.policy === undefined || policy === undefined ? {} : { policy }),
    ...(parts.grants === undefined || grants === undefined ? {} : { grants }),
    ...(parts.route === undefined || route === undefined ? {} : { route }),
    ...(parts.credentials === undefined || credentials === undefined ? {} : { credentials }),
  };
}

/** An allow rule for exact hosts over TLS on 443, unless told otherwise; HTTP without an inspection lets every request through. */
export function allow(hosts: readonly string[], more: Partial<CompiledRule> = {}): CompiledRule {
  const isHttp = more.protocol === 'HTTP' && more.inspection === undefined;
  return {
    id: `test/policy/${hosts[0] ?? 'rule'}`,
    effect: 'Allow',
    hosts: hosts.map(name => ({ kind: 'exact', name })),
    cidrs: [],
    services: [],
    ports: [443],
    protocol: 'TLS',
    mode: 'Enforce',
    allowedCidrs: [],
    ...(isHttp ? { inspection: { kind: 'HTTP', access: 'Full', allow: [], deny: [] } } : {}),
    ...more,
  };
}

/** An allow rule whose requests are decided one by one, over TLS on 443 unless told otherwise. */
export function inspect(
  hosts: readonly string[],
  http: Partial<Inspection & { readonly kind: 'HTTP' }>,
  more: Partial<CompiledRule> = {},
): CompiledRule {
  return allow(hosts, { protocol: 'HTTP', inspection: { kind: 'HTTP', allow: [], deny: [], ...http }, ...more });
}

/** A route to the outside world's model server. */
export function modelRoute(more: Partial<Omit<Route, 'hash'>> = {}): Omit<Route, 'hash'> {
  return {
    profile: 'test-model',
    provider: 'OpenAI',
    endpoint: 'https://model.test/v1',
    allowedCidrs: [],
    model: 'creel-test-model',
    models: [],
    credential: { secret: 'sk-test-key-of-the-route', allowedHosts: ['model.test'] },
    timeoutMs: 60_000,
    maxRequestBytes: 10 * 1024 * 1024,
    ...more,
  };
}

function hashed<T extends object>(content: T): T & { readonly hash: string } {
  return { ...content, hash: createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16) };
}
