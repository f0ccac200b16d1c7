import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import { matchesFilter } from './matches-filter.ts';

/** By namespace and name: a sandbox stays where it is whatever happens to it. */
export function listSandboxes(sandboxes: ReadonlyMap<string, Sandbox>, filter: string): readonly Sandbox[] {
  return [...sandboxes.values()]
    .filter(({ metadata, status }) =>
      matchesFilter(filter, [metadata.namespace, metadata.name, status?.phase ?? 'Unknown']),
    )
    .sort((a, b) => compare(a.metadata.namespace, b.metadata.namespace) || compare(a.metadata.name, b.metadata.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
