import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Api } from '../kube/api.ts';
import { ApiError } from '../kube/api-error.ts';
import { creelPath } from '../kube/paths.ts';
import { UserError } from '../user-error.ts';

/** Status is written every few seconds while an agent goes on asking: so often it may change under one decision. */
const attempts = 5;

/**
 * Writes a decision on exactly what was seen: the same object (uid; its name is the digest of its content) with nothing
 * decided since. A count that went up meanwhile does not matter, a verdict of someone else does.
 * Throws ApiError where the API server refuses, UserError where the request is another one by now.
 */
export async function submitDecision(api: Api, seen: ApprovalRequest, decision: object): Promise<ApprovalRequest> {
  const { namespace, name, uid } = seen.metadata;
  const path = creelPath(namespace, 'approvalrequests', name);
  let { resourceVersion } = seen.metadata;
  for (let attempt = 1; ; attempt++) {
    try {
      return await api.mergePatch<ApprovalRequest>(path, { metadata: { uid, resourceVersion }, spec: { decision } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error;
      const now = await api.get<ApprovalRequest>(path);
      refuseOther(seen, now);
      resourceVersion = now.metadata.resourceVersion;
    }
  }
}

function refuseOther(seen: ApprovalRequest, now: ApprovalRequest): void {
  const { name, uid, generation } = seen.metadata;
  if (now.metadata.uid !== uid)
    throw new UserError(`${name} was deleted and made anew since you saw it: nothing was decided; look at it again`);
  // The spec is immutable but for the decision, and only changes of the spec count up the generation.
  if (now.metadata.generation === generation) return;
  const { verdict, by = 'somebody' } = now.spec.decision ?? {};
  throw new UserError(`${name} was decided meanwhile (${verdict ?? 'no verdict'} by ${by}): nothing was changed`);
}
