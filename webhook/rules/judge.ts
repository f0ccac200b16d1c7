// Which rules a request meets. A kind that is none of ours, or another operation, is let in: it was sent here by mistake, and what
// may not happen is for the API server's own policies to refuse.
import { group } from '../../crds/schema/group.ts';
import type { AdmissionRequest } from '../review/admission-review.ts';
import type { AdmissionWorld } from './admission-world.ts';
import { judgeClusterEgressPolicy } from './check-cluster-egress-policy.ts';
import { judgeDecision } from './check-decision.ts';
import { judgeEgressPolicy } from './check-egress-policy.ts';
import { judgeInferenceProfile } from './check-inference-profile.ts';
import { judgeSandbox } from './check-sandbox.ts';
import { clip } from './clip.ts';
import { fillDecider } from './fill-decider.ts';
import { stampChanger } from './stamp-changer.ts';
import { stampCreator } from './stamp-creator.ts';
import { letIn, type PatchOperation, type Verdict } from './verdict.ts';

const tooMuch: Verdict = {
  problems: [{ field: 'spec', message: 'holds more values than are looked at; share it out to several objects' }],
  warnings: [],
};

export type Phase = 'mutate' | 'validate';

/**
 * Both phases judge alike. The first one comes before the API server's own checks, which stop at the first sort of mistake: only
 * there can an author hear of all of them at once. The second one sees what is stored.
 */
export function judge(phase: Phase, request: AdmissionRequest, world: AdmissionWorld): Verdict {
  if (request.kind.group !== group || request.subResource !== '' || request.object === null) return letIn;
  const verdict = judgeObject(request, world);
  if (phase === 'validate') return verdict;
  // The second phase says them.
  return { problems: verdict.problems, warnings: [], patch: patchOf(request) };
}

function judgeObject({ kind, namespace, ...request }: AdmissionRequest, world: AdmissionWorld): Verdict {
  const object = clip(withNames({ kind, namespace, ...request }));
  if (object === undefined) return tooMuch;
  switch (kind.kind) {
    case 'Sandbox':
      return judgeSandbox(object);
    case 'EgressPolicy':
      return judgeEgressPolicy(object, world);
    case 'ClusterEgressPolicy':
      return judgeClusterEgressPolicy(object, world);
    case 'InferenceProfile':
      return judgeInferenceProfile(object);
    case 'ApprovalRequest':
      return request.operation === 'UPDATE' ? judgeDecision(object, namespace, world) : letIn;
    default:
      return letIn;
  }
}

function patchOf({ kind, operation, object, oldObject, userInfo }: AdmissionRequest): readonly PatchOperation[] {
  const [now, before] = [object ?? {}, oldObject ?? undefined];
  if (kind.kind === 'Sandbox') return stampCreator(now, before, userInfo.username);
  if (kind.kind === 'EgressPolicy' || kind.kind === 'ClusterEgressPolicy')
    return stampChanger(now, before, userInfo.username);
  if (kind.kind === 'ApprovalRequest' && operation === 'UPDATE') return fillDecider(now, before, userInfo.username);
  return [];
}

/** Before the API server's own checks an object may still wait for its name (generateName). */
function withNames({ object, name, namespace }: AdmissionRequest) {
  const metadata = (object?.['metadata'] ?? {}) as Readonly<Record<string, unknown>>;
  const generated = `${typeof metadata['generateName'] === 'string' ? metadata['generateName'] : ''}xxxxx`;
  const named = typeof metadata['name'] === 'string' && metadata['name'] !== '' ? metadata['name'] : name || generated;
  return { ...object, metadata: { ...metadata, name: named, namespace } };
}
