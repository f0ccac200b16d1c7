import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { Pod } from '../../core-types.ts';
import type { RecordedPod } from '../../hub/authenticate.ts';
import type { Store } from '../../kube/types.ts';
import { childName } from './child-name.ts';

/** The pod of that uid, if it is the one that its Sandbox's status names: owner references anybody can write. */
export function findRecordedPod(
  { pods, sandboxes }: { readonly pods: Store<Pod>; readonly sandboxes: Store<Sandbox> },
  podUid: string,
): RecordedPod | undefined {
  const pod = pods.byUid(podUid);
  const owner = pod?.metadata.ownerReferences?.find(
    ({ kind, controller }) => kind === 'Sandbox' && controller === true,
  );
  const sandbox = owner && sandboxes.byUid(owner.uid);
  if (pod === undefined || sandbox === undefined) return undefined;
  const { namespace, name, uid } = sandbox.metadata;
  const isRecorded = sandbox.status?.podUid === podUid && pod.metadata.name === childName(name);
  if (!isRecorded || pod.metadata.namespace !== namespace) return undefined;
  return {
    sandboxUid: uid,
    namespace,
    sandbox: name,
    podName: pod.metadata.name,
    podUid,
    serviceAccount: childName(name),
    addresses: (pod.status?.podIPs ?? []).map(({ ip }) => ip),
  };
}
