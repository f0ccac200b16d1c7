// Which change concerns which sandbox.
import { labels } from '../../../crds/schema/group.ts';
import type { KubeObject, Queue, Store } from '../../../kube/types.ts';
import type { ObserveOptions } from './observe.ts';
import { sessionGraceMs } from './status/find-session-conditions.ts';

/** A revision and its ack are one status write where they come close together. */
const settleMs = 100;

export function wakeOnChanges(
  { stores, registry, hub }: Pick<ObserveOptions, 'stores' | 'hub' | 'registry'>,
  queue: Queue,
  signal: AbortSignal,
): void {
  const keyOfUid = (uid: string) => {
    const sandbox = stores.sandboxes.byUid(uid);
    return sandbox && `${sandbox.metadata.namespace}/${sandbox.metadata.name}`;
  };
  stores.sandboxes.subscribe(({ object: { metadata } }) => queue.add(`${metadata.namespace}/${metadata.name}`), signal);
  for (const store of [
    stores.pods,
    stores.serviceAccounts,
    stores.persistentVolumeClaims,
    stores.networkPolicies,
  ] as const)
    wakeOwner(store, queue, signal);
  stores.networkPolicies.subscribe(({ object }) => {
    // Anybody's NetworkPolicy can select our pods.
    if (object.metadata.labels?.[labels.sandbox] === undefined) wakeNamespace(object.metadata.namespace);
  }, signal);
  stores.requests.subscribe(({ object }) => {
    const key = keyOfUid(object.spec.sandbox.uid);
    if (key === undefined) return;
    if (object.spec.type === 'GPU') queue.add(key);
    else queue.addAfter(key, settleMs);
  }, signal);
  stores.namespaces.subscribe(change => {
    if (change.type !== 'Modified' || change.before.metadata.labels !== change.object.metadata.labels)
      wakeNamespace(change.object.metadata.name);
  }, signal);
  registry.subscribe((uid, current) => {
    const key = current && `${current.namespace}/${current.sandbox}`;
    // A sandbox without a pod waits for its first compilation.
    if (key === undefined) return;
    if (hub.state(uid)?.acked === undefined) queue.add(key);
    else queue.addAfter(key, settleMs);
  }, signal);
  hub.subscribe((uid, change) => {
    const key = keyOfUid(uid);
    if (key !== undefined) queue.addAfter(key, change === 'Disconnected' ? sessionGraceMs + 1 : settleMs);
  }, signal);

  function wakeNamespace(namespace: string | undefined): void {
    for (const { metadata } of stores.sandboxes.list(namespace)) queue.add(`${metadata.namespace}/${metadata.name}`);
  }
}

function wakeOwner(store: Store<KubeObject>, queue: Queue, signal: AbortSignal): void {
  store.subscribe(({ object: { metadata } }) => {
    const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Sandbox' && controller === true);
    const name = owner?.name ?? metadata.labels?.[labels.sandbox];
    if (name !== undefined) queue.add(`${metadata.namespace}/${name}`);
  }, signal);
}
