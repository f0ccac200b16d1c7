import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { GpuState } from './gpu-request.ts';

/** How a sandbox stands with its GPU, and the command that changes it. */
export function gpuMessage(gpu: GpuState): string {
  if (gpu.state === 'NotWanted') return '';
  const { namespace, name } = gpu.request.metadata;
  const approve = `kubectl creel approve -n ${namespace} apr/${name} --for 8h`;
  switch (gpu.state) {
    case 'Approved':
      return `${describe(gpu.request)} until ${gpu.request.status?.expiresAt ?? 'its pod is replaced'}, by ${name}`;
    case 'Denied':
      return `spec.gpu was denied${byWhom(gpu.request)}; remove spec.gpu, or approve: ${approve}`;
    case 'NotInForce':
      return `${name} is approved, but not in force: ${gpu.why}; revoke it and approve the next one for less: kubectl creel revoke -n ${namespace} apr/${name}`;
    case 'Waiting':
    case 'ToAsk':
      return gpu.ended === undefined
        ? `no pod is made before a person approves ${describe(gpu.request)}: ${approve}`
        : `${howEnded(gpu.ended)}; the workspace is kept. To go on: ${approve}`;
    default:
      return gpu satisfies never;
  }
}

function describe({ spec: { gpu } }: ApprovalRequest): string {
  return `${gpu?.count ?? 1} × ${gpu?.resource ?? 'GPU'}`;
}

function howEnded({ metadata, spec, status }: ApprovalRequest): string {
  const { decision } = spec;
  const what = `the approval of the GPU (${metadata.name})`;
  if (decision?.verdict === 'Revoke') return `${what} was revoked${byWhom({ spec })}`;
  if (status?.phase === 'Superseded') return `${what} was for another spec.gpu or spec.placement.nodeSelector`;
  if (decision?.for === 'session') return `${what} was for one pod, which is gone`;
  return `${what} has ended${status?.expiresAt === undefined ? '' : ` at ${status.expiresAt}`}`;
}

function byWhom({ spec: { decision } }: Pick<ApprovalRequest, 'spec'>): string {
  const by = decision?.by === undefined ? '' : ` by ${decision.by}`;
  return `${by}${decision?.reason === undefined ? '' : `: ${decision.reason}`}`;
}
