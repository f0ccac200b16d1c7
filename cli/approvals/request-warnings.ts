import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { warnOfRequest } from '../../engine/warnings/warn-of-request.ts';

/** As the operator has written them; of a request that it has not looked at yet, what can be said without it. */
export function requestWarnings({ spec, status }: Pick<ApprovalRequest, 'spec' | 'status'>): readonly string[] {
  return status?.warnings ?? (spec.egress === undefined ? [] : warnOfRequest(spec.egress, []));
}
