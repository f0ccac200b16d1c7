import { compileGrants } from '../../engine/compile/compile-grants.ts';
import { ceilingsOf, compilePolicy, type PolicyResult } from '../../engine/compile/compile-policy.ts';
import { selectorMatches } from '../../engine/compile/selector-matches.ts';
import type { Grants } from '../../protocol/snapshot.ts';
import type { PolicySet } from './policy-set.ts';

export interface CompiledSet extends PolicyResult {
  readonly grants: Grants;
}

/** As the operator would compile it at `nowMs`. Addresses of the node and the API server are the operator's to know. */
export function compileSet(set: PolicySet, nowMs: number): CompiledSet {
  const { sandbox, namespaceLabels, policies, clusterPolicies, requests } = set;
  const result = compilePolicy({
    sandbox,
    namespaceLabels,
    policies,
    clusterPolicies,
    services: (namespace, name) => {
      const addresses = set.services.get(`${namespace}/${name}`);
      return addresses === undefined ? undefined : { addresses };
    },
    neverAddresses: [],
  });
  const ceilings = ceilingsOf(
    clusterPolicies.filter(({ spec }) => selectorMatches(spec.namespaceSelector, namespaceLabels)),
  );
  const { grants } = compileGrants({ sandboxUid: sandbox.metadata.uid, requests, ceilings, podCreatedMs: 0, nowMs });
  return { ...result, grants };
}
