import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { requestWarnings } from '../../approvals/request-warnings.ts';

/** What a person should know before approving. */
export function warningsOf(request: ApprovalRequest): readonly string[] {
  return requestWarnings(request);
}
