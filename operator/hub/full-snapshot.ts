import type { Snapshot } from '../../protocol/snapshot.ts';

/** A snapshot with all its parts, as the registry holds it; sessions send the parts that changed. */
export type FullSnapshot = Snapshot & Required<Pick<Snapshot, 'policy' | 'grants' | 'route' | 'credentials'>>;
