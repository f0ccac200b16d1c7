// An approval: may it be given at all, and would it be in force? The compiler of grants answers, so that admission says beforehand
// what the operator would say afterwards. Denying, snoozing and revoking only narrow, and are never asked about.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { compileGrants } from '../../engine/compile/compile-grants.ts';
import { neverApprovable } from '../../engine/compile/never-approvable.ts';
import { runsAnyScript } from '../../engine/compile/warn-of-binaries.ts';
import { type AdmissionWorld, ceilingsIn } from './admission-world.ts';
import { checkSchema } from './check-schema.ts';
import { letIn, type Verdict } from './verdict.ts';

export function judgeDecision(
  object: Readonly<Record<string, unknown>>,
  namespace: string,
  world: AdmissionWorld,
): Verdict {
  const schema = checkSchema('ApprovalRequest', object);
  if (schema.length > 0) return { problems: schema, warnings: [] };
  const request = object as unknown as ApprovalRequest;
  const { egress, decision } = request.spec;
  if (egress === undefined || decision?.verdict !== 'Approve') return letIn;
  const never = neverApprovable(egress, world.apiServers());
  if (never !== undefined) {
    const message = `${never}, which nobody may approve; deny it: kubectl creel deny apr/${request.metadata.name}`;
    return { problems: [{ field: 'spec.egress.host', message }], warnings: [] };
  }
  const refusal = refusalOf(request, namespace, world);
  return refusal === undefined
    ? { problems: [], warnings: warnOf(request) }
    : { problems: [{ field: 'spec.decision', message: refusal }], warnings: [] };
}

/** As if it were decided now, for a sandbox that has a pod whose sidecar counts uses. */
function refusalOf(request: ApprovalRequest, namespace: string, world: AdmissionWorld): string | undefined {
  const { samples } = request.status ?? {};
  const status = { phase: 'Pending' as const, countedBy: '', observedGeneration: request.metadata.generation };
  const open = { ...request, status: { ...status, ...(samples === undefined ? {} : { samples }) } };
  const { refusals } = compileGrants({
    sandboxUid: request.spec.sandbox.uid,
    requests: [open],
    ceilings: ceilingsIn(world, namespace),
    podCreatedMs: 0,
    nowMs: world.nowMs(),
  });
  return refusals.get(request.metadata.name);
}

function warnOf({ spec: { decision, egress } }: ApprovalRequest): readonly string[] {
  const path = egress?.binary?.path;
  return [
    ...(decision?.for === 'forever' ? ['this approval never ends by itself; kubectl creel revoke ends it'] : []),
    ...(decision?.scope !== 'Endpoint' && path !== undefined && runsAnyScript(path)
      ? [`${path} runs any script, so the approval lets every script of the agent through`]
      : []),
  ];
}
