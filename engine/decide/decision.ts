// What the engine can say about one connection. No other answer exists, and each denial has a name.

import type { CompiledRule, Grant } from '../../protocol/snapshot.ts';
import type { Cidr } from '../canonical/cidr.ts';
import type { AddressClass } from '../canonical/classify-address.ts';
import type { Host } from '../canonical/host.ts';
import type { PreparedRule } from './request/prepare-rule.ts';

/** The executable behind a socket. `unknown` fails every rule that names binaries. */
export type Binary =
  | {
      readonly kind: 'known';
      readonly path: string;
      readonly sha256: string;
      /** Executables of its parents, nearest first; absent: not known. */
      readonly ancestors?: readonly string[];
    }
  | { readonly kind: 'unknown' };

export interface Target {
  readonly host: Host;
  readonly port: number;
  /** Absent: not asked yet. The answer is NeedsBinary where it matters. */
  readonly binary?: Binary;
  /** Names of the grants that this connection has spent a use of. */
  readonly held?: ReadonlySet<string> | undefined;
}

/**
 * How the connection may be used. `HTTP` is every inspected protocol: TLS is terminated and `inspected` decides each request. `Any` (grants): TLS whose SNI is the name, HTTP whose Host is the name, or plain bytes; on port 443
 * only the first, on port 80 not the last.
 */
export type AllowedProtocol = 'TLS' | 'TCP' | 'HTTP' | 'Any';

/** What decides the requests of an inspected connection: every rule and live grant that matched host, port and binary. */
export interface Inspected {
  readonly rules: readonly CompiledRule[];
  readonly grants: readonly Grant[];
  /** Compiled forms of the rules, kept by the snapshot's decider; absent: compiled anew for each request. */
  readonly prepared?: (rule: CompiledRule) => PreparedRule | undefined;
}

export interface Allow {
  readonly verdict: 'Allow';
  readonly by: 'Rule' | 'Grant' | 'Route';
  /** `namespace/policy/rule`, the ApprovalRequest's name, or the InferenceProfile's. */
  readonly id: string;
  readonly protocol: AllowedProtocol;
  /** Present exactly when the protocol is HTTP. */
  readonly inspected?: Inspected;
  readonly mode: 'Enforce' | 'Audit';
  /** Addresses beyond public ones that the name may resolve to. */
  readonly allowedCidrs: readonly Cidr[];
  /** Dial these and resolve nothing: an in-cluster Service, or the address itself. Canonical text. */
  readonly pinned?: readonly string[];
}

export type DenyReason =
  | 'Frozen'
  | 'NoPolicy'
  | 'DenyRule'
  | 'NeverReachable'
  | 'ImplausibleName'
  | 'NotListed'
  | 'NoUsableAddress';

export interface Deny {
  readonly verdict: 'Deny';
  readonly reason: DenyReason;
  /** The deny rule that spoke. */
  readonly id?: string;
  /** For NeverReachable and NoUsableAddress: what the first refused address was. */
  readonly addressClass?: AddressClass | 'Never' | 'DenyRule';
}

/** A person may allow it. */
export interface Ask {
  readonly verdict: 'Ask';
  readonly reason: 'NotListed';
}

/** A rule or grant that matches names binaries: ask whose socket it is, then decide again. */
export interface NeedsBinary {
  readonly verdict: 'NeedsBinary';
}

export type Decision = Allow | Deny | Ask | NeedsBinary;
