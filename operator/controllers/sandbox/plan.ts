// What is to be done for one sandbox, from what was observed. Pure: the acts are in act.ts, the words for people in status/.
import { durationMs } from '../../../crds/schema/duration-ms.ts';
import { annotations } from '../../../crds/schema/group.ts';
import type { KubeObject, ResourceRef } from '../../../kube/types.ts';
import type { OperatorEvent } from '../../event-reasons.ts';
import { resources } from '../../resources.ts';
import { buildServiceAccount } from './build-service-account.ts';
import { buildWorkspace } from './build-workspace.ts';
import { metadataDrifted, networkPolicyDrifted, serviceAccountDrifted } from './drift.ts';
import { findProblem, nameTaken } from './find-problem.ts';
import { gpuEvents } from './gpu-events.ts';
import { findGpuState, type GpuState } from './gpu-request.ts';
import { isOwned, isOwnWorkspace } from './ownership.ts';
import { buildPod } from './pod/build-pod.ts';
import { type PodReading, readPod } from './pod/read-pod.ts';
import type { Problem } from './problem.ts';
import { buildNetworkPolicy } from './wall/build-network-policy.ts';
import { planWall } from './wall/plan-wall.ts';
import type { SandboxWorld } from './world.ts';

export type Action =
  /** POST; never adopts what has the name already. `stage` 2 waits for all of stage 1. */
  | { readonly type: 'Create'; readonly stage: 1 | 2; readonly resource: ResourceRef; readonly object: KubeObject }
  /** Server-side apply for the uid and version that were seen. */
  | { readonly type: 'Apply'; readonly resource: ResourceRef; readonly object: KubeObject; readonly seen: string }
  | {
      readonly type: 'PatchMetadata';
      readonly resource: ResourceRef;
      readonly object: KubeObject;
      readonly seen: string;
    }
  | { readonly type: 'Delete'; readonly resource: ResourceRef; readonly object: KubeObject };

export type Intent = 'Run' | 'Suspend' | 'Expired' | 'Completed' | 'AwaitGpu' | 'DenyGpu' | 'Terminate';

export interface SandboxPlan {
  readonly intent: Intent;
  readonly actions: readonly Action[];
  readonly problem?: Problem;
  readonly pod: PodReading;
  readonly gpu: GpuState;
  readonly events: readonly OperatorEvent[];
  readonly againAfterMs?: number;
}

export function planSandbox(world: SandboxWorld): SandboxPlan {
  const pod = readPod(world);
  const gpu = findGpuState(world);
  const intent = findIntent(world, pod, gpu);
  const base = { intent, pod, gpu, events: [], ...againAfter(world) };
  switch (intent) {
    case 'Terminate':
      return { ...base, actions: terminate(world, pod) };
    case 'Run':
      return { ...base, ...planRun(world, pod, gpu) };
    case 'Completed':
      return { ...base, actions: repairs(world) };
    case 'AwaitGpu':
    case 'DenyGpu':
      return {
        ...base,
        actions: [...stopPod(pod), ...askForGpu(gpu), ...repairs(world)],
        events: gpuEvents(world.sandbox, gpu),
      };
    case 'Suspend':
    case 'Expired':
      return { ...base, actions: [...stopPod(pod), ...repairs(world)] };
    default:
      return intent satisfies never;
  }
}

function findIntent(world: SandboxWorld, pod: PodReading, gpu: GpuState): Intent {
  const { metadata, spec } = world.sandbox;
  const expired = expiresInMs(world) <= 0;
  if (metadata.deletionTimestamp !== undefined || (expired && spec.lifecycle?.onExpiry === 'Delete'))
    return 'Terminate';
  if (spec.lifecycle?.suspend) return 'Suspend';
  if (expired) return 'Expired';
  if (gpu.state === 'Denied') return 'DenyGpu';
  if (gpu.state === 'Waiting' || gpu.state === 'ToAsk' || gpu.state === 'NotInForce') return 'AwaitGpu';
  return pod.state === 'Completed' ? 'Completed' : 'Run';
}

function planRun(
  world: SandboxWorld,
  pod: PodReading,
  gpu: GpuState,
): Pick<SandboxPlan, 'actions' | 'problem' | 'events'> {
  switch (pod.state) {
    case 'Foreign':
      return {
        actions: [],
        events: [],
        problem: nameTaken(world.sandbox.metadata.namespace, 'Pod', pod.pod.metadata.name),
      };
    case 'Unknown':
    case 'Tampered':
    case 'Dead':
      return { actions: stopPod(pod), events: [{ type: 'Warning', reason: 'PodReplaced', note: pod.why }] };
    case 'Leaving':
      return { actions: repairs(world), events: [] };
    case 'Live':
      return { actions: [...missingChildren(world), ...repairs(world), ...podRepair(world, pod.pod)], events: [] };
    case 'Absent':
    case 'Completed':
      return planStart(world, gpu);
    default:
      return pod satisfies never;
  }
}

function planStart(world: SandboxWorld, gpu: GpuState): Pick<SandboxPlan, 'actions' | 'problem' | 'events'> {
  const problem = findProblem(world) ?? foreignChild(world);
  // Without a first compilation there is nothing to enforce: its arrival comes back here.
  const route = world.current?.snapshot.route;
  const isEarly = route === undefined || ('reason' in route && route.reason === 'SecretPending');
  if (problem !== undefined || isEarly || 'missing' in world.settings)
    return { actions: [], events: [], ...(problem && { problem }) };
  const pod = buildPod(world.sandbox, world.settings) as unknown as KubeObject;
  return {
    actions: [
      ...missingChildren(world),
      ...repairs(world),
      { type: 'Create', stage: 2, resource: resources.pods, object: pod },
    ],
    events: gpuEvents(world.sandbox, gpu),
  };
}

/** All of them are planned, and none adopted: a foreign one stops the whole start before anything is made. */
function foreignChild({ sandbox, serviceAccount, networkPolicy, workspace }: SandboxWorld): Problem | undefined {
  const { namespace } = sandbox.metadata;
  if (serviceAccount && !isOwned(serviceAccount, sandbox))
    return nameTaken(namespace, 'ServiceAccount', serviceAccount.metadata.name);
  if (networkPolicy && !isOwned(networkPolicy, sandbox))
    return nameTaken(namespace, 'NetworkPolicy', networkPolicy.metadata.name);
  const wantsClaim = !sandbox.spec.workspace?.ephemeral;
  if (wantsClaim && workspace && !isOwnWorkspace(workspace, sandbox))
    return nameTaken(namespace, 'PersistentVolumeClaim', workspace.metadata.name);
  return undefined;
}

function missingChildren(world: SandboxWorld): Action[] {
  const { serviceAccounts, networkPolicies, persistentVolumeClaims } = resources;
  const claim = buildWorkspace(world.sandbox);
  return [
    ...(world.serviceAccount ? [] : [create(serviceAccounts, buildServiceAccount(world.sandbox))]),
    ...(world.workspace || claim === undefined ? [] : [create(persistentVolumeClaims, claim)]),
    ...(world.networkPolicy ? [] : [create(networkPolicies, plannedWall(world))]),
  ];
}

function create(resource: ResourceRef, object: KubeObject): Action {
  return { type: 'Create', stage: 1, resource, object };
}

/** What somebody changed comes back; what policy changed goes out. */
function repairs(world: SandboxWorld): Action[] {
  const { sandbox, serviceAccount, networkPolicy, workspace } = world;
  const actions: Action[] = [];
  const account = buildServiceAccount(sandbox);
  if (serviceAccount && isOwned(serviceAccount, sandbox) && serviceAccountDrifted(serviceAccount, account))
    actions.push(apply(resources.serviceAccounts, account, serviceAccount));
  const wall = plannedWall(world);
  if (networkPolicy && isOwned(networkPolicy, sandbox) && networkPolicyDrifted(networkPolicy, wall))
    actions.push(apply(resources.networkPolicies, wall, networkPolicy));
  const claim = buildWorkspace(sandbox);
  if (claim && workspace && isOwnWorkspace(workspace, sandbox) && metadataDrifted(workspace, claim))
    actions.push(patchMetadata(resources.persistentVolumeClaims, claim, workspace));
  return actions;
}

/** A pod's spec cannot be changed back, its labels and annotations can: they carry the wall and the hub's certificate. */
function podRepair({ sandbox, settings }: SandboxWorld, live: KubeObject): Action[] {
  if ('missing' in settings) return [];
  const planned = buildPod(sandbox, settings) as unknown as KubeObject;
  const { [annotations.podHash]: _, ...kept } = planned.metadata.annotations ?? {};
  const wanted = { ...planned, metadata: { ...planned.metadata, annotations: kept } };
  return metadataDrifted(live, wanted) ? [patchMetadata(resources.pods, wanted, live)] : [];
}

function plannedWall({ sandbox, current, wall }: SandboxWorld) {
  const demand = current && {
    ...current.snapshot,
    ...(current.routeService && { routeService: current.routeService }),
  };
  return buildNetworkPolicy(sandbox, planWall(demand, wall));
}

function stopPod(pod: PodReading): Action[] {
  const isOurs = pod.state !== 'Absent' && pod.state !== 'Foreign' && pod.state !== 'Leaving' && pod.pod !== undefined;
  return isOurs ? [{ type: 'Delete', resource: resources.pods, object: pod.pod }] : [];
}

function askForGpu(gpu: GpuState): Action[] {
  return gpu.state === 'ToAsk' ? [create(resources.approvalRequests, gpu.request)] : [];
}

/** Children are collected with their owner; the pod does not wait for finalizers that somebody put on it. */
function terminate({ sandbox }: SandboxWorld, pod: PodReading): Action[] {
  return sandbox.metadata.deletionTimestamp === undefined
    ? [{ type: 'Delete', resource: resources.sandboxes, object: sandbox }]
    : stopPod(pod);
}

function apply(resource: ResourceRef, planned: KubeObject, live: KubeObject): Action {
  return { type: 'Apply', resource, object: withUid(planned, live), seen: live.metadata.resourceVersion ?? '' };
}

function patchMetadata(resource: ResourceRef, planned: KubeObject, live: KubeObject): Action {
  return { type: 'PatchMetadata', resource, object: withUid(planned, live), seen: live.metadata.resourceVersion ?? '' };
}

function withUid(planned: KubeObject, { metadata: { uid } }: KubeObject): KubeObject {
  return { ...planned, metadata: { ...planned.metadata, ...(uid === undefined ? {} : { uid }) } };
}

function expiresInMs({ sandbox: { metadata, spec }, nowMs }: SandboxWorld): number {
  const after = spec.lifecycle?.expiresAfter;
  return after === undefined
    ? Number.POSITIVE_INFINITY
    : Date.parse(metadata.creationTimestamp) + durationMs(after) - nowMs;
}

function againAfter(world: SandboxWorld): { againAfterMs?: number } {
  const ms = expiresInMs(world);
  return ms > 0 && Number.isFinite(ms) ? { againAfterMs: Math.min(ms, 24 * 3_600_000) } : {};
}
