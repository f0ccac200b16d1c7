// GPUs wait for a person: no pod exists before. A scheduling gate could be lifted by anyone who may patch pods.
import { createHash } from 'node:crypto';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { annotations, labels } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import { ownedBy } from './owned-by.ts';
import type { SandboxWorld } from './world.ts';

export type GpuState =
  | { readonly state: 'NotWanted' }
  | { readonly state: 'Approved'; readonly request: ApprovalRequest }
  | { readonly state: 'Waiting'; readonly request: ApprovalRequest }
  | { readonly state: 'Denied'; readonly request: ApprovalRequest }
  /** Never asked, or what was granted has ended: the request to make. */
  | { readonly state: 'ToAsk'; readonly request: ApprovalRequest };

export function findGpuState({ sandbox, requests, nowMs }: SandboxWorld): GpuState {
  const wanted = gpuOf(sandbox);
  if (wanted === undefined) return { state: 'NotWanted' };
  const question = digest(sandbox, wanted, 0);
  const rounds = requests.filter(({ metadata }) => metadata.labels?.[labels.question] === question);
  const latest = rounds.toSorted((a, b) => roundOf(b) - roundOf(a))[0];
  if (latest === undefined) return { state: 'ToAsk', request: buildGpuRequest(sandbox, wanted, 0) };
  const verdict = latest.spec.decision?.verdict;
  switch (verdict) {
    case undefined:
    case 'Snooze':
      return { state: 'Waiting', request: latest };
    case 'Deny':
      return { state: 'Denied', request: latest };
    case 'Approve':
      return hasEnded(latest, nowMs)
        ? { state: 'ToAsk', request: buildGpuRequest(sandbox, wanted, roundOf(latest) + 1) }
        : { state: 'Approved', request: latest };
    case 'Revoke':
      return { state: 'ToAsk', request: buildGpuRequest(sandbox, wanted, roundOf(latest) + 1) };
    default:
      return verdict satisfies never;
  }
}

type Gpu = NonNullable<ApprovalRequest['spec']['gpu']>;

function gpuOf({ spec }: Sandbox): Gpu | undefined {
  if (spec.gpu === undefined) return undefined;
  const { nodeSelector } = spec.placement ?? {};
  return {
    resource: spec.gpu.resource ?? 'nvidia.com/gpu',
    count: spec.gpu.count ?? 1,
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
  };
}

function buildGpuRequest(sandbox: Sandbox, gpu: Gpu, round: number): ApprovalRequest {
  const owned = ownedBy(sandbox);
  const request = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: {
      ...owned,
      name: digest(sandbox, gpu, round),
      labels: { ...owned.labels, [labels.question]: digest(sandbox, gpu, 0) },
      annotations: { [annotations.round]: String(round) },
    },
    spec: { type: 'GPU', sandbox: { name: sandbox.metadata.name, uid: sandbox.metadata.uid }, gpu },
  };
  return request as unknown as ApprovalRequest;
}

function digest({ metadata }: Sandbox, { resource, count, nodeSelector = {} }: Gpu, round: number): string {
  const content = JSON.stringify([
    metadata.uid,
    'GPU',
    resource,
    count,
    Object.entries(nodeSelector).sort(([a], [b]) => a.localeCompare(b)),
    round,
  ]);
  return `apr-${createHash('sha256').update(content).digest('hex').slice(0, 40)}`;
}

function hasEnded({ status }: ApprovalRequest, nowMs: number): boolean {
  const isOver = status?.expiresAt !== undefined && Date.parse(status.expiresAt) <= nowMs;
  return isOver || status?.phase === 'Expired' || status?.phase === 'Revoked';
}

function roundOf({ metadata }: ApprovalRequest): number {
  return Number(metadata.annotations?.[annotations.round] ?? 0) || 0;
}
