import type { Snapshot } from '../../protocol/snapshot.ts';
import type { FullSnapshot } from './full-snapshot.ts';

export interface PartHashes {
  readonly policy: string;
  readonly grants: string;
  readonly route: string;
}

export function hashesOf({ policy, grants, route }: FullSnapshot): PartHashes {
  return { policy: policy.hash, grants: grants.hash, route: route.hash };
}

/** The snapshot without the parts the peer holds already: an approval pushes bytes, not 20 000 rules. */
export function changedParts(full: FullSnapshot, held: PartHashes | undefined): Snapshot {
  const { policy, grants, route, ...rest } = full;
  return {
    ...rest,
    ...(held?.policy === policy.hash ? {} : { policy }),
    ...(held?.grants === grants.hash ? {} : { grants }),
    ...(held?.route === route.hash ? {} : { route }),
  };
}
