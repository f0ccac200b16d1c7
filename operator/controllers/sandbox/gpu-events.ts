import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { OperatorEvent } from '../../event-reasons.ts';
import { gpuMessage } from './gpu-message.ts';
import type { GpuState } from './gpu-request.ts';

/** What is news about the GPU; called where something is about to be done, so that a steady state says nothing. */
export function gpuEvents({ status }: Sandbox, gpu: GpuState): readonly OperatorEvent[] {
  const note = gpuMessage(gpu);
  switch (gpu.state) {
    case 'ToAsk':
      return [
        gpu.ended === undefined
          ? { type: 'Normal', reason: 'GPUApprovalNeeded', note }
          : { type: 'Warning', reason: 'GPUGrantEnded', note },
      ];
    case 'Approved':
      return [{ type: 'Normal', reason: 'GPUApproved', note }];
    case 'Denied':
      return status?.phase === 'Failed' ? [] : [{ type: 'Warning', reason: 'GPUDenied', note }];
    case 'NotInForce':
      return status?.phase === 'AwaitingApproval' ? [] : [{ type: 'Warning', reason: 'GPUApprovalNotInForce', note }];
    case 'Waiting':
    case 'NotWanted':
      return [];
    default:
      return gpu satisfies never;
  }
}
