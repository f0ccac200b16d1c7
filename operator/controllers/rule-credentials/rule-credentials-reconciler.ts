// Secrets of rules into memory, a namespace at a time: those its policies name, and those of cluster policies that speak of
// its sandboxes. What is wrong with one is said by the policy that names it.
import type { EgressPolicy } from '../../../crds/schema/egress-policy.ts';
import type { ServiceLookup } from '../../../engine/compile/check-peer.ts';
import type { Clock, KubeClient, Queue, Reconciler, Store } from '../../../kube/types.ts';
import { secretOf } from '../../snapshots/compile-credentials.ts';
import type { CredentialCache } from '../../snapshots/credential-cache.ts';
import { rulesWithCredential } from '../../snapshots/rules-with-credential.ts';
import type { SnapshotRegistry } from '../../snapshots/types.ts';
import { readCredential } from '../read-credential.ts';

export interface RuleCredentialsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly policies: Store<EgressPolicy>;
  readonly registry: SnapshotRegistry;
  readonly services: ServiceLookup;
  readonly credentials: CredentialCache;
  readonly operatorNamespace: string;
}

export interface RuleCredentialsReconciler extends Reconciler {
  watch(queue: Queue, signal: AbortSignal): void;
}

/** Secrets cannot be watched without a right to all of a namespace's: rotation is seen this soon. */
const rereadMs = 15_000;

export function ruleCredentialsReconciler(options: RuleCredentialsOptions): RuleCredentialsReconciler {
  const { client, policies, registry, credentials, operatorNamespace } = options;
  return {
    name: 'rule-credentials',
    reconcile: async namespace => {
      const secrets = secretsOf(namespace, options);
      credentials.retain('Rules', namespace, secrets);
      for (const secret of secrets)
        credentials.set(namespace, secret, await readCredential(client, namespace, secret, operatorNamespace));
      return secrets.size > 0 ? { type: 'Again', afterMs: rereadMs } : { type: 'Done' };
    },
    watch: (queue, signal) => {
      policies.subscribe(({ object }) => queue.add(object.metadata.namespace), signal);
      registry.subscribe((_uid, current) => {
        if (current && current.snapshot.policy.rules.some(isUnread(credentials))) queue.add(current.namespace);
      }, signal);
      for (const { metadata } of policies.list()) queue.add(metadata.namespace);
      for (const { namespace } of registry.list()) queue.add(namespace);
    },
  };
}

function secretsOf(namespace: string, { policies, registry, services }: RuleCredentialsOptions): ReadonlySet<string> {
  const own = policies.list(namespace).flatMap(policy => rulesWithCredential(policy, services));
  const compiled = registry
    .list()
    .filter(current => current.namespace === namespace)
    .flatMap(({ snapshot }) => snapshot.policy.rules);
  const refs = [...own, ...compiled].flatMap(({ credential }) =>
    credential === undefined ? [] : secretOf(credential.ref),
  );
  return new Set(refs.filter(ref => ref.namespace === namespace).map(({ name }) => name));
}

function isUnread(credentials: CredentialCache) {
  return ({ credential }: { readonly credential?: { readonly ref: string } }): boolean => {
    if (credential === undefined) return false;
    const { namespace, name } = secretOf(credential.ref);
    return credentials.get(namespace, name).state === 'Unread';
  };
}
