// What hub and controllers see of snapshots: everything one sandbox may do, compiled, numbered, always the newest.
import type { RuleIssue } from '../../engine/compile/rule-issue.ts';
import type { Revision } from '../../protocol/revision.ts';
import type { FullSnapshot } from '../hub/full-snapshot.ts';

export interface ServiceTarget {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

export interface CurrentSnapshot {
  readonly sandboxUid: string;
  readonly namespace: string;
  readonly sandbox: string;
  readonly snapshot: FullSnapshot;
  /** The first revision with this policy: who acked it enforces the policy, whatever grants came since. */
  readonly policyRevision: Revision;
  /** The in-cluster Service that the route goes to, for the NetworkPolicy. */
  readonly routeService?: ServiceTarget;
  /** `namespace/name` and `cluster/name` of the policies that speak of this sandbox. */
  readonly matched: readonly string[];
  /** What those policies say in vain. */
  readonly issues: readonly RuleIssue[];
  /** Approved, but not in force: why, by request name. */
  readonly refusals: ReadonlyMap<string, string>;
}

export interface SnapshotRegistry {
  /** undefined while no such Sandbox exists, or before its first compilation. */
  get(sandboxUid: string): CurrentSnapshot | undefined;
  list(): readonly CurrentSnapshot[];
  /** Called in the tick of the change that made a new revision; `undefined` when the Sandbox is gone. Must not throw. */
  subscribe(listener: (sandboxUid: string, current: CurrentSnapshot | undefined) => void, signal: AbortSignal): void;
  /** The newest revision given to anyone. */
  readonly newest: Revision;
}
