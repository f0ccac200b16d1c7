import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { displaySafe } from '../../../engine/canonical/display.ts';

/** Who allowed what, when and why: lines for the comment before a rule. Nothing in it changes while the request stands. */
export function describeApproval({ metadata, spec, status }: ApprovalRequest): string {
  const { decision, egress } = spec;
  const by = decision?.by ?? 'somebody (not recorded)';
  const at = status?.decidedAt === undefined ? '' : ` at ${status.decidedAt}`;
  const until = status?.expiresAt === undefined ? '' : `, until ${status.expiresAt}`;
  const scope = decision?.scope ?? (egress?.binary === undefined ? 'Endpoint' : 'Binary');
  const why = decision?.reason === undefined ? '' : `: ${JSON.stringify(decision.reason)}`;
  const digest =
    scope !== 'Endpoint' && egress?.binary !== undefined
      ? [`the approval was for sha256 ${egress.binary.sha256}; a policy names the path alone`]
      : [];
  const lines = [
    `${metadata.name}: approved by ${by}${at} for ${decision?.for ?? ''}${until}, scope ${scope}${why}`,
    ...digest,
  ];
  return lines.map(line => ` ${displaySafe(line)}`).join('\n');
}
