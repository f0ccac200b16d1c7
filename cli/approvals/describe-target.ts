import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';

/** `my-assistant → api.github.com:443 by /usr/bin/git`. */
export function describeTarget({ spec: { sandbox, egress, gpu } }: Pick<ApprovalRequest, 'spec'>): string {
  if (egress === undefined) return `${sandbox.name} → ${gpu?.count ?? 1} × ${gpu?.resource ?? 'GPU'}`;
  return `${sandbox.name} → ${egress.host}:${egress.port}${egress.binary ? ` by ${egress.binary.path}` : ''}`;
}
