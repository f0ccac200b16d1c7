// Secrets that one policy names, whoever it selects: of rules that compile, for nothing else is ever signed in.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { ServiceLookup } from '../../engine/compile/check-peer.ts';
import { compileAllowRule } from '../../engine/compile/compile-rule.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';

export function rulesWithCredential({ metadata, spec }: EgressPolicy, services: ServiceLookup): CompiledRule[] {
  const { namespace, name } = metadata;
  return (spec.allow ?? [])
    .filter(({ credential }) => credential !== undefined)
    .flatMap(raw => compileAllowRule(raw, { id: `${namespace}/${name}/${raw.name}`, namespace, services }).rules);
}
