// coordination.k8s.io/v1 Lease: what is written to take, keep and free one.
import type { KubeObject, ObjectName, ResourceRef } from './types.ts';

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export const leases: ResourceRef<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

interface Taking {
  readonly identity: string;
  readonly durationMs: number;
  readonly nowMs: number;
}

/** An empty identity asks whether nobody holds it. */
export function isHeldBy({ spec }: Lease, identity: string): boolean {
  return (spec?.holderIdentity ?? '') === identity;
}

/** Taken anew, with the next epoch; the resourceVersion lets only one of several takers win. */
export function takenLease(
  name: ObjectName,
  current: Lease | undefined,
  { identity, durationMs, nowMs }: Taking,
): Lease {
  return {
    metadata: { ...name, ...preconditions(current) },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: microTime(nowMs),
      renewTime: microTime(nowMs),
      leaseTransitions: nextEpoch(current, nowMs),
    },
  };
}

export function renewedLease(held: Lease, nowMs: number): unknown {
  return { metadata: preconditions(held), spec: { renewTime: microTime(nowMs) } };
}

export function freeLease(held: Lease): unknown {
  return { metadata: preconditions(held), spec: { holderIdentity: '', leaseDurationSeconds: 1 } };
}

const epochStartMs = Date.UTC(2026, 0, 1);

/** Counts up; where the Lease was deleted it starts from the minutes since 2026, which no count of restarts has reached. */
function nextEpoch(current: Lease | undefined, nowMs: number): number {
  const known = current?.spec?.leaseTransitions;
  return known === undefined ? Math.max(1, Math.floor((nowMs - epochStartMs) / 60_000)) : known + 1;
}

function preconditions(lease: Lease | undefined): { uid?: string; resourceVersion?: string } {
  const { uid, resourceVersion } = lease?.metadata ?? {};
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

/** metav1.MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
