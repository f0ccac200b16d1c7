import type { Snapshot } from '../../protocol/snapshot.ts';
import type { FullSnapshot } from './full-snapshot.ts';

/** What a sidecar acknowledges. */
export interface AckedHashes {
  readonly policy: string;
  readonly grants: string;
  readonly route: string;
}

/** Of all parts that are sent only when they change. */
export interface PartHashes extends AckedHashes {
  readonly credentials: string;
}

export function hashesOf({ policy, grants, route, credentials }: FullSnapshot): PartHashes {
  return { policy: policy.hash, grants: grants.hash, route: route.hash, credentials: credentials.hash };
}

/** The snapshot without the parts the peer holds already: an approval pushes bytes, not 20 000 rules. */
export function changedParts(full: FullSnapshot, held: PartHashes | undefined): Snapshot {
  const { policy, grants, route, credentials, ...rest } = full;
  return {
    ...rest,
    ...(held?.policy === policy.hash ? {} : { policy }),
    ...(held?.grants === grants.hash ? {} : { grants }),
    ...(held?.route === route.hash ? {} : { route }),
    ...(held?.credentials === credentials.hash ? {} : { credentials }),
  };
}
