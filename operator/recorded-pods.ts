// Which pods are ours, for whoever asks to open a session: the store's pod, and the uid that the Sandbox's status records.
import { annotations, labels } from '../crds/schema/group.ts';
import type { Sandbox } from '../crds/schema/sandbox.ts';
import type { Store } from '../kube/types.ts';
import type { Pod } from './core-types.ts';
import type { RecordedPod } from './hub/authenticate.ts';

interface PodSources {
  readonly pods: Store<Pod>;
  readonly sandboxes: Store<Sandbox>;
}

export function recordedPod({ pods, sandboxes }: PodSources, podUid: string): RecordedPod | undefined {
  const pod = pods.byUid(podUid);
  const sandbox = pod && sandboxOf(pod, sandboxes);
  if (pod === undefined || sandbox?.status?.podUid !== podUid) return undefined;
  const { podIP, podIPs = [] } = pod.status ?? {};
  return {
    sandboxUid: sandbox.metadata.uid,
    namespace: sandbox.metadata.namespace,
    sandbox: sandbox.metadata.name,
    ...creatorOf(sandbox),
    podName: pod.metadata.name,
    podUid,
    serviceAccount: pod.spec?.serviceAccountName ?? 'default',
    addresses: [...new Set([...(podIP === undefined ? [] : [podIP]), ...podIPs.map(({ ip }) => ip)])],
  };
}

/** As an admission policy keeps it true. */
function creatorOf({ metadata }: Sandbox): Pick<RecordedPod, 'createdBy'> {
  const createdBy = metadata.annotations?.[annotations.createdBy];
  return createdBy === undefined ? {} : { createdBy };
}

/** The Sandbox whose label the pod carries; whether it is really its pod only the status says. */
export function sandboxOf({ metadata }: Pod, sandboxes: Store<Sandbox>): Sandbox | undefined {
  return sandboxes.get({ namespace: metadata.namespace ?? '', name: metadata.labels?.[labels.sandbox] ?? '' });
}
