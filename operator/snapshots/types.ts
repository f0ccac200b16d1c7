// What hub and controllers see of snapshots: everything one sandbox may do, compiled, numbered, always the newest.
import type { Revision } from '../../protocol/revision.ts';
import type { CompiledPolicy, Grants, NoRoute, Route } from '../../protocol/snapshot.ts';
import type { FullSnapshot } from '../hub/full-snapshot.ts';

/** The three parts before they have a number: the pure result of objects. */
export interface SnapshotParts {
  readonly policy: CompiledPolicy;
  readonly grants: Grants;
  readonly route: Route | NoRoute;
  /** The in-cluster Service that the route goes to, for the NetworkPolicy. */
  readonly routeService?: ServiceTarget;
}

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
  readonly routeService?: ServiceTarget;
}

export interface SnapshotRegistry {
  /** undefined while no such Sandbox exists, or before its first compilation. */
  get(sandboxUid: string): CurrentSnapshot | undefined;
  /** Called in the tick of the change that made a new revision; `undefined` when the Sandbox is gone. Must not throw. */
  subscribe(listener: (sandboxUid: string, current: CurrentSnapshot | undefined) => void, signal: AbortSignal): void;
  /** The newest revision given to anyone. */
  readonly newest: Revision;
}
