// Rules of other policies that would void rules of this one, and be voided by them. Whose fault that is, and which of the two
// goes, only people know, and the order in which they apply their files is theirs: a warning.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { compileAllowRule } from '../../engine/compile/compile-rule.ts';
import { findConflicts } from '../../engine/compile/find-conflicts.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { type AdmissionWorld, anyService, clusterPoliciesOf } from './admission-world.ts';

type Named = { readonly name: string };

export function foreignConflicts(policy: EgressPolicy, world: AdmissionWorld): readonly string[] {
  const { namespace, name } = policy.metadata;
  const others = world
    .egressPolicies(namespace)
    .filter(other => other.metadata.name !== name && mayShareSandbox(policy, other));
  const own = compiled(`${namespace}/${name}`, policy.spec.allow, namespace);
  const foreign = [
    ...others.flatMap(other => compiled(`${namespace}/${other.metadata.name}`, other.spec.allow, namespace)),
    ...clusterPoliciesOf(world, namespace).flatMap(({ metadata, spec }) =>
      compiled(`cluster/${metadata.name}`, spec.baseline, namespace),
    ),
  ];
  const prefix = `${namespace}/${name}/`;
  const pairs = findConflicts([...own, ...foreign]).filter(({ a, b }) => a.startsWith(prefix) !== b.startsWith(prefix));
  return pairs.map(({ a, b, where }) => {
    const [mine, theirs] = a.startsWith(prefix) ? [a, b] : [b, a];
    return `rule ${mine.slice(prefix.length)}: ${where} is inspected by one rule and opaque in the other, ${theirs}; both allow nothing there until one goes`;
  });
}

function compiled(policy: string, allow: readonly Named[] | undefined, namespace: string): readonly CompiledRule[] {
  return (allow ?? []).flatMap(
    raw => compileAllowRule(raw, { id: `${policy}/${raw.name}`, namespace, services: anyService }).rules,
  );
}

/** Labels have one value: selectors that want different ones of a key have no sandbox in common. */
function mayShareSandbox({ spec: a }: EgressPolicy, { spec: b }: EgressPolicy): boolean {
  const wanted = new Map(Object.entries(a.sandboxSelector.matchLabels ?? {}));
  return Object.entries(b.sandboxSelector.matchLabels ?? {}).every(
    ([key, value]) => !wanted.has(key) || wanted.get(key) === value,
  );
}
