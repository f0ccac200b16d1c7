// The compiled form of everything one sandbox may do: what the operator pushes and the sidecar enforces.
import type { Revision } from './revision.ts';

/** A canonical DNS name pattern. `label` is one whole label (`*.`), `depth` is any number of them (`**.`). */
export interface HostPattern {
  readonly kind: 'exact' | 'label' | 'depth';
  /** Canonical A-label name; for wildcards the part behind the star. */
  readonly name: string;
}

export interface CidrPeer {
  /** Canonical `address/prefix`. */
  readonly cidr: string;
}

export interface ServicePeer {
  readonly namespace: string;
  readonly service: string;
  /** ClusterIPs and names under which the agent may call it. */
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

export type RuleProtocol = 'TLS' | 'TCP' | 'HTTP';

/** One allow or deny rule; peers and ports are flattened so that each rule is one product. */
export interface CompiledRule {
  /** `namespace/policy/rule`, shown by logs and `explain`. */
  readonly id: string;
  readonly effect: 'Allow' | 'Deny';
  readonly hosts: readonly HostPattern[];
  readonly cidrs: readonly CidrPeer[];
  readonly services: readonly ServicePeer[];
  /** Empty only in deny rules: every port. */
  readonly ports: readonly number[];
  /** Absent in deny rules. */
  readonly protocol?: RuleProtocol;
  /** Absent = any binary; never empty. Absolute paths in the agent's mount namespace. */
  readonly binaries?: readonly string[];
  readonly mode: 'Enforce' | 'Audit';
  /** Private addresses the rule's exact hosts may resolve to. */
  readonly allowedCidrs: readonly string[];
}

export interface CompiledPolicy {
  readonly hash: string;
  readonly onUnlisted: 'Ask' | 'Deny';
  /** How long an unlisted connection waits for a decision, ms. */
  readonly holdMs: number;
  readonly identity: 'Process' | 'None';
  /** A frozen sandbox has no egress at all, whatever rules and grants say. */
  readonly frozen: boolean;
  readonly rules: readonly CompiledRule[];
  /** Addresses nobody may reach, rules and grants notwithstanding: node, API server, hub, cluster DNS. */
  readonly neverAddresses: readonly string[];
}

/** What one approved ApprovalRequest allows. Exact host (or canonical address) and port, nothing wider. */
export interface Grant {
  /** Name of the ApprovalRequest. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Absent for scope Endpoint. */
  readonly binary?: { readonly path: string; readonly sha256: string };
  /** Unix ms; absent only for `forever` and `session`. */
  readonly expiresAtMs?: number;
}

export interface Grants {
  readonly hash: string;
  readonly items: readonly Grant[];
}

/** Where inference calls go. Held in memory only: it carries the key. */
export interface Route {
  readonly hash: string;
  readonly profile: string;
  readonly provider: 'OpenAI' | 'Anthropic';
  /** Base URL, with the version path (`https://host/v1`). */
  readonly endpoint: string;
  /** Pinned addresses for an in-cluster Service; absent = resolved by the sidecar. */
  readonly addresses?: readonly string[];
  /** Private addresses the endpoint's host may resolve to. */
  readonly allowedCidrs: readonly string[];
  readonly model: string;
  /** Further models a Sandbox may ask for; requests are rewritten to `model` all the same. */
  readonly models: readonly string[];
  readonly credential?: { readonly secret: string; readonly allowedHosts: readonly string[] };
  readonly timeoutMs: number;
  readonly maxRequestBytes: number;
}

/** Why there is no route, in the words of the Sandbox's condition InferenceReady. */
export interface NoRoute {
  readonly hash: string;
  readonly reason: string;
  readonly message: string;
}

/** Absent parts are unchanged since the last snapshot of this session; the first one carries all three. */
export interface Snapshot {
  readonly revision: Revision;
  readonly policy?: CompiledPolicy;
  readonly grants?: Grants;
  readonly route?: Route | NoRoute;
  /** Resolver addresses the sidecar asks, `ip:port`. */
  readonly resolvers: readonly string[];
  /** After this without a hub, everything is denied, ms. */
  readonly maxPolicyAgeMs: number;
}
