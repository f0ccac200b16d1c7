import type { ApprovalRequest } from '../crds/schema/approval-request.ts';
import { labels } from '../crds/schema/group.ts';
import type { Indexes } from '../kube/types.ts';

/** `sandbox`: by the Sandbox's uid. `question`: every round of one question. */
export const approvalIndexes: Indexes<ApprovalRequest> = {
  sandbox: ({ spec }) => [spec.sandbox.uid],
  question: ({ metadata }) => {
    const question = metadata.labels?.[labels.question];
    return question === undefined ? [] : [question];
  },
};
