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
  /** `ended` is what was granted before. */
  | { readonly state: 'Waiting'; readonly request: ApprovalRequest; readonly ended?: ApprovalRequest }
  | { readonly state: 'Denied'; readonly request: ApprovalRequest }
  /** Approved for longer than anybody may here. */
  | { readonly state: 'NotInForce'; readonly request: ApprovalRequest; readonly why: string }
  /** Never asked, or what was granted has ended: the request to make. */
  | { readonly state: 'ToAsk'; readonly request: ApprovalRequest; readonly ended?: ApprovalRequest };

export function findGpuState(world: SandboxWorld): GpuState {
  const { sandbox, requests } = world;
  const wanted = gpuOf(sandbox);
  if (wanted === undefined) return { state: 'NotWanted' };
  const question = digest(sandbox, wanted, 0);
  const rounds = requests.filter(({ metadata }) => metadata.labels?.[labels.question] === question);
  const [latest, previous] = rounds.toSorted((a, b) => roundOf(b) - roundOf(a));
  if (latest === undefined) return { state: 'ToAsk', request: buildGpuRequest(sandbox, wanted, 0) };
  const verdict = latest.spec.decision?.verdict;
  switch (verdict) {
    case undefined:
    case 'Snooze':
      // Superseded: the Sandbox wanted something else in between.
      return latest.status?.phase === 'Superseded'
        ? askAgain(sandbox, wanted, latest)
        : { state: 'Waiting', request: latest, ...(previous === undefined ? {} : { ended: previous }) };
    case 'Deny':
      return { state: 'Denied', request: latest };
    case 'Approve': {
      if (hasEnded(latest, world)) return askAgain(sandbox, wanted, latest);
      const why = world.current?.refusals.get(latest.metadata.name);
      return why === undefined ? { state: 'Approved', request: latest } : { state: 'NotInForce', request: latest, why };
    }
    case 'Revoke':
      return askAgain(sandbox, wanted, latest);
    default:
      return verdict satisfies never;
  }
}

function askAgain(sandbox: Sandbox, wanted: Gpu, ended: ApprovalRequest): GpuState {
  return { state: 'ToAsk', request: buildGpuRequest(sandbox, wanted, roundOf(ended) + 1), ended };
}

type Gpu = NonNullable<ApprovalRequest['spec']['gpu']>;

/** What a Sandbox wants, as a person is asked for it. */
export function gpuOf({ spec }: Sandbox): Gpu | undefined {
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
  const createdBy = sandbox.metadata.annotations?.[annotations.createdBy];
  const request = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: {
      ...owned,
      name: digest(sandbox, gpu, round),
      labels: { ...owned.labels, [labels.question]: digest(sandbox, gpu, 0) },
      annotations: {
        [annotations.round]: String(round),
        ...(createdBy === undefined ? {} : { [annotations.createdBy]: createdBy }),
      },
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

const ended: ReadonlySet<string> = new Set(['Expired', 'Revoked', 'Superseded']);

/** A status of the decision before this one says nothing about it. */
function hasEnded({ metadata, spec, status }: ApprovalRequest, { nowMs, pod }: SandboxWorld): boolean {
  if (status?.observedGeneration !== metadata.generation) return false;
  if (ended.has(status?.phase ?? '')) return true;
  if (status?.expiresAt !== undefined) return Date.parse(status.expiresAt) <= nowMs;
  // For the session: the one pod that was made under it.
  return (
    spec.decision?.for === 'session' && status?.phase === 'Enforced' && status.enforcedRevision !== pod?.metadata.uid
  );
}

function roundOf({ metadata }: ApprovalRequest): number {
  return Number(metadata.annotations?.[annotations.round] ?? 0) || 0;
}
