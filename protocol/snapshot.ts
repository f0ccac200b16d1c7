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

/** All but TLS and TCP are inspected: each request inside is decided alone. */
export type RuleProtocol = 'TLS' | 'TCP' | Inspection['kind'];

/** One kind of HTTP request; absent parts match anything. */
export interface RequestPattern {
  /** Never empty; `*` is absence. GET implies HEAD. */
  readonly methods?: readonly string[];
  /** Canonical pattern: `*` is one segment, `**` any number of them; `/v1/**` matches `/v1` too. */
  readonly path?: string;
  /** Name → glob (`*` any run of characters). Every value of the name must match, and there must be one. */
  readonly query?: Readonly<Record<string, string>>;
}

/** What a rule with a protocol block lets through. Names are globs in which `*` is any run of characters. */
export type Inspection =
  | {
      readonly kind: 'HTTP';
      readonly access?: 'ReadOnly' | 'ReadWrite' | 'Full';
      readonly allow: readonly RequestPattern[];
      /** Beats every allow pattern and grant of the host and port. */
      readonly deny: readonly RequestPattern[];
    }
  | {
      readonly kind: 'GraphQL';
      readonly path?: string;
      readonly operations?: readonly ('Query' | 'Mutation' | 'Subscription')[];
      /** Root fields. */
      readonly fields?: readonly string[];
      /** Lower-case sha256 of persisted queries that may be sent without their text. */
      readonly persisted?: readonly string[];
    }
  | { readonly kind: 'JSONRPC'; readonly path?: string; readonly methods: readonly string[] }
  | {
      readonly kind: 'MCP';
      readonly path?: string;
      readonly methods?: readonly string[];
      readonly tools?: readonly string[];
    }
  | { readonly kind: 'WebSocket'; readonly path?: string; readonly text?: readonly string[] };

/** How the sidecar signs a rule's requests in; the secret itself is an item of `Credentials`. */
export interface CredentialUse {
  /** `namespace/secret/key`, an item of `Credentials`. */
  readonly ref: string;
  readonly as: 'Bearer' | 'Basic' | 'Header';
  /** For Header. */
  readonly header?: string;
  /** For Basic. */
  readonly username?: string;
}

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
  /** Present exactly where the protocol is an inspected one. */
  readonly inspection?: Inspection;
  readonly credential?: CredentialUse;
  /** `binaries` may also be an ancestor of the process that owns the socket. */
  readonly ancestors?: true;
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
  /** Scope Request: nothing but these. Paths are canonical and exact. */
  readonly requests?: readonly { readonly method: string; readonly path: string }[];
  /** Absent for scope Endpoint. */
  readonly binary?: { readonly path: string; readonly sha256: string };
  /** Unix ms; absent only for `forever` and `session`. */
  readonly expiresAtMs?: number;
  /** At most so many connections, or with `requests` so many requests; absent: any number. */
  readonly uses?: {
    readonly max: number;
    /** The sidecar memory that counts them: another one has none left. */
    readonly countedBy: string;
    /** All are used: it carries what is open and nothing new. */
    readonly areUsedUp?: true;
  };
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

/** Secrets of rules, held in memory only. One that is missing makes its rules' requests `CredentialUnavailable`. */
export interface Credentials {
  readonly hash: string;
  readonly items: readonly {
    readonly ref: string;
    readonly secret: string;
    /** Exact hosts of the Secret's annotation creel.dev/allowed-hosts: it is sent nowhere else. */
    readonly allowedHosts: readonly string[];
  }[];
}

/** A corporate proxy through which everything but `noProxy` leaves, by CONNECT. Names are then resolved by it. */
export interface UpstreamProxy {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization. */
  readonly authorization?: string;
  /** Host patterns (`corp.example`, `*.corp.example`, `**.corp.example`) and CIDR blocks that are dialled directly. */
  readonly noProxy: readonly string[];
}

/** Absent parts are unchanged since the last snapshot of this session; the first one carries all of them. */
export interface Snapshot {
  readonly revision: Revision;
  readonly policy?: CompiledPolicy;
  readonly grants?: Grants;
  readonly route?: Route | NoRoute;
  readonly credentials?: Credentials;
  /** Of the whole installation; absent: none. */
  readonly upstreamProxy?: UpstreamProxy;
  /** Resolver addresses the sidecar asks, `ip:port`. */
  readonly resolvers: readonly string[];
  /** After this without a hub, everything is denied, ms. */
  readonly maxPolicyAgeMs: number;
}
