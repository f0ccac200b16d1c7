// Which change concerns the status of which policy or profile.
import type { Sandbox } from '../crds/schema/sandbox.ts';
import { keyOf } from '../kube/keys.ts';
import type { KubeObject, Queue, Store } from '../kube/types.ts';
import type { HubView } from './hub/hub.ts';
import type { CurrentSnapshot, SnapshotRegistry } from './snapshots/types.ts';

/** An approval makes a revision and an ack within milliseconds: one look after both is enough. */
const settleMs = 200;

export interface PolicyWakeSources {
  readonly sandboxes: Store<Sandbox>;
  readonly snapshots: SnapshotRegistry;
  readonly hub: HubView;
}

/** `keyOfMatched` turns `namespace/name` or `cluster/name` into the queue's key, or undefined for the other kind's. */
export function wakePolicies<T extends KubeObject>(
  policies: Store<T>,
  keyOfMatched: (matched: string) => string | undefined,
  { sandboxes, snapshots, hub }: PolicyWakeSources,
  queue: Queue,
  signal: AbortSignal,
): void {
  const matchedBefore = new Map<string, readonly string[]>();
  const wake = (matched: readonly string[]) => {
    for (const key of matched.flatMap(name => keyOfMatched(name) ?? [])) queue.addAfter(key, settleMs);
  };
  const remember = (uid: string, current: CurrentSnapshot | undefined) => {
    wake([...(matchedBefore.get(uid) ?? []), ...(current?.matched ?? [])]);
    if (current) matchedBefore.set(uid, current.matched);
    else matchedBefore.delete(uid);
  };
  for (const current of snapshots.list()) remember(current.sandboxUid, current);
  policies.subscribe(({ object }) => queue.addAfter(keyOf(object), settleMs), signal);
  for (const policy of policies.list()) queue.add(keyOf(policy));
  snapshots.subscribe(remember, signal);
  // One that has come to rest enforces nothing any more, and nobody waits for it.
  sandboxes.subscribe(change => {
    const { object } = change;
    if (change.type === 'Modified' && change.before.status?.phase !== object.status?.phase)
      wake(matchedBefore.get(object.metadata.uid) ?? []);
  }, signal);
  hub.subscribe((uid, change) => {
    if (change !== 'Reported') wake(matchedBefore.get(uid) ?? []);
  }, signal);
}
