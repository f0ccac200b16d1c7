// Rules as the kept file has them. Of tens of thousands most differ in name and host alone: what they share is there once, in the
// file and, after a restart, in memory. Half of what a start with 20 000 rules costs is reading and making them.
import type { CompiledRule, HostPattern } from '../../protocol/snapshot.ts';

type Shape = Omit<CompiledRule, 'id' | 'hosts'>;

export interface CompactRules {
  readonly shapes: readonly Shape[];
  /** Of each rule: the index of its shape, its id, and its hosts, where one exact name stands for itself. */
  readonly shapeOf: readonly number[];
  readonly ids: readonly string[];
  readonly hosts: readonly (string | readonly HostPattern[])[];
}

export function compactRules(rules: readonly CompiledRule[]): CompactRules {
  const indexes = new Map<string, number>();
  const shapes: Shape[] = [];
  const shapeOf = rules.map(({ id: _id, hosts: _hosts, ...shape }) => {
    const key = JSON.stringify(shape);
    const known = indexes.get(key);
    if (known !== undefined) return known;
    indexes.set(key, shapes.length);
    return shapes.push(shape) - 1;
  });
  return { shapes, shapeOf, ids: rules.map(({ id }) => id), hosts: rules.map(rule => compactHosts(rule.hosts)) };
}

/** The rules that were compacted; throws where the columns do not fit together. */
export function expandRules({ shapes, shapeOf, ids, hosts }: CompactRules): readonly CompiledRule[] {
  return shapeOf.map((index, at) => {
    const shape = shapes[index];
    const id = ids[at];
    const those = hosts[at];
    if (shape === undefined || id === undefined || those === undefined)
      throw new Error(`the kept rule ${at} has a part too few`);
    return { ...shape, id, hosts: typeof those === 'string' ? [{ kind: 'exact', name: those }] : those };
  });
}

function compactHosts(hosts: readonly HostPattern[]): string | readonly HostPattern[] {
  const [only] = hosts;
  return only?.kind === 'exact' && hosts.length === 1 ? only.name : hosts;
}
