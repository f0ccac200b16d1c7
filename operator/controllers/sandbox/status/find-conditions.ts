// The conditions of a sandbox: each one question a person asks, answered with the reason and the remedy.
import { displaySafe } from '../../../../engine/canonical/display.ts';
import type { Pod } from '../../../core-types.ts';
import { gpuMessage } from '../gpu-message.ts';
import type { SandboxPlan } from '../plan.ts';
import { agentStatus } from '../pod/read-pod.ts';
import type { Problem } from '../problem.ts';
import type { SandboxWorld } from '../world.ts';
import type { Finding } from './condition-list.ts';
import { findSessionConditions } from './find-session-conditions.ts';

export function findConditions(world: SandboxWorld, plan: SandboxPlan, problem: Problem | undefined): Finding[] {
  const live = plan.pod.state === 'Live' ? plan.pod : undefined;
  const session = findSessionConditions(world, live?.pod.metadata.uid);
  const ready = findReady(plan, problem, session);
  return [
    ready,
    findReconciling(plan, ready, problem),
    findStalled(plan, problem),
    ...session,
    findWidened(world),
    findIsolation(world),
    findInference(world),
    ...findGpu(plan),
    ...(live ? [findOutdated(world, live.outdated)] : []),
  ];
}

function findReady(plan: SandboxPlan, problem: Problem | undefined, session: readonly Finding[]): Finding {
  if (problem) return no(problem.reason, problem.message);
  switch (plan.intent) {
    case 'Suspend':
      return no('Suspended', 'spec.lifecycle.suspend is true; the workspace is kept');
    case 'Expired':
      return no('Expired', 'spec.lifecycle.expiresAfter has passed; the workspace is kept');
    case 'Completed':
      return no('Completed', 'the command has ended and lifecycle.restart does not run it again');
    case 'Terminate':
      return no('Terminating', 'the Sandbox is being deleted');
    case 'AwaitGpu':
      return no(hasGrantEnded(plan) ? 'GPUGrantEnded' : 'AwaitingApproval', gpuMessage(plan.gpu));
    case 'DenyGpu':
      return no('GPUDenied', gpuMessage(plan.gpu));
    case 'Run':
      return readyOfPod(plan, session);
    default:
      return plan.intent satisfies never;
  }
}

function hasGrantEnded({ gpu }: SandboxPlan): boolean {
  return 'ended' in gpu && gpu.ended !== undefined;
}

function no(reason: string, message: string): Finding {
  return { type: 'Ready', status: 'False', reason, message };
}

function readyOfPod({ pod }: SandboxPlan, session: readonly Finding[]): Finding {
  if (pod.state !== 'Live') return no('PodStarting', 'why' in pod ? pod.why : 'the pod is being made');
  const broken = session.find(({ type, status }) => type === 'FenceVerified' && status === 'False');
  if (broken) return no('FenceBroken', broken.message);
  const isPodReady = pod.pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (!isPodReady) return no('PodNotReady', whyNotReady(pod.pod));
  return { type: 'Ready', status: 'True', reason: 'Running', message: 'fence and policy stand, the agent runs' };
}

/** The first thing that the kubelet or the scheduler complains of. */
function whyNotReady(pod: Pod): string {
  const unschedulable = pod.status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unschedulable) return `not scheduled: ${unschedulable.message ?? unschedulable.reason ?? ''}`;
  for (const { name, state, lastState } of pod.status?.containerStatuses ?? []) {
    const waiting = state?.waiting;
    if (waiting?.message) return readable(`${name}: ${waiting.reason ?? ''} ${waiting.message}`);
    const last = lastState?.terminated;
    if (last) return readable(`${name} ended with ${last.exitCode} ${last.message ?? last.reason ?? ''}`.trim());
  }
  return 'the pod is starting';
}

/** An agent that may write its termination message chooses what people read in `kubectl get csb -o wide`. */
function readable(message: string): string {
  return displaySafe(message.slice(0, maxPodMessage));
}

const maxPodMessage = 1024;

function findReconciling(plan: SandboxPlan, ready: Finding, problem: Problem | undefined): Finding {
  const busy =
    problem === undefined &&
    ((plan.intent === 'Run' && ready.status !== 'True') || plan.actions.some(({ type }) => type === 'Delete'));
  return busy
    ? { type: 'Reconciling', status: 'True', reason: ready.reason, message: ready.message }
    : { type: 'Reconciling', status: 'False', reason: 'Settled', message: '' };
}

function findStalled(plan: SandboxPlan, problem: Problem | undefined): Finding {
  if (problem) return { type: 'Stalled', status: 'True', ...problem };
  if (plan.intent === 'DenyGpu')
    return { type: 'Stalled', status: 'True', reason: 'GPUDenied', message: gpuMessage(plan.gpu) };
  return { type: 'Stalled', status: 'False', reason: 'Progressing', message: '' };
}

function findWidened({ widening }: SandboxWorld): Finding {
  return widening.length > 0
    ? {
        type: 'WidenedByOtherPolicy',
        status: 'True',
        reason: 'OtherPolicySelectsPod',
        message: `NetworkPolicy ${widening.join(', ')} selects the pod and adds to what the wall outside admits; the sidecar still decides`,
      }
    : { type: 'WidenedByOtherPolicy', status: 'False', reason: 'OnlyOurs', message: '' };
}

/** Layers that this sandbox does without, named: "best effort" must not hide what is missing. */
function findIsolation({ sandbox: { spec } }: SandboxWorld): Finding {
  const missing = [
    ...(spec.process?.userNamespace === 'Required' ? [] : ['user namespace (process.userNamespace: Required)']),
    ...(['RuntimeDefault', 'Localhost'].includes(spec.process?.appArmor ?? '')
      ? []
      : ['AppArmor (process.appArmor: RuntimeDefault)']),
    ...(spec.filesystem?.landlock === 'Required' ? [] : ['a guarantee of Landlock (filesystem.landlock: Required)']),
  ];
  return missing.length === 0
    ? { type: 'IsolationComplete', status: 'True', reason: 'AllLayers', message: '' }
    : { type: 'IsolationComplete', status: 'False', reason: 'LayersMissing', message: `without ${missing.join(', ')}` };
}

function findInference({ current, session, sandbox }: SandboxWorld): Finding {
  const route = current?.snapshot.route;
  if (route === undefined)
    return {
      type: 'InferenceReady',
      status: 'Unknown',
      reason: 'NotCompiled',
      message: 'the route has not been looked at yet',
    };
  if ('reason' in route)
    return { type: 'InferenceReady', status: 'False', reason: route.reason, message: route.message };
  const isEnforced = session?.acked !== undefined || sandbox.status?.policy?.enforcedRevision !== undefined;
  return {
    type: 'InferenceReady',
    status: isEnforced ? 'True' : 'Unknown',
    reason: isEnforced ? 'Routed' : 'Pushing',
    message: isEnforced
      ? `https://inference.local goes to profile ${route.profile}`
      : 'the sidecar has not got the route yet',
  };
}

function findGpu({ gpu }: SandboxPlan): Finding[] {
  const say = (status: Finding['status'], reason: string): Finding[] => [
    { type: 'GPUApproved', status, reason, message: gpuMessage(gpu) },
  ];
  switch (gpu.state) {
    case 'NotWanted':
      return [];
    case 'Approved':
      return say('True', 'Approved');
    case 'Denied':
      return say('False', 'Denied');
    case 'NotInForce':
      return say('False', 'NotInForce');
    case 'Waiting':
    case 'ToAsk':
      return say('False', gpu.ended === undefined ? 'AwaitingApproval' : 'Ended');
    default:
      return gpu satisfies never;
  }
}

function findOutdated({ sandbox: { metadata } }: SandboxWorld, outdated: boolean): Finding {
  const patch = (suspend: boolean) =>
    `kubectl -n ${metadata.namespace} patch sandbox ${metadata.name} --type merge -p '{"spec":{"lifecycle":{"suspend":${suspend}}}}'`;
  return outdated
    ? {
        type: 'Outdated',
        status: 'True',
        reason: 'RestartNeeded',
        message: `the pod was made from an older spec or install; restart it, the workspace is kept: ${patch(true)}; ${patch(false)}`,
      }
    : { type: 'Outdated', status: 'False', reason: 'UpToDate', message: '' };
}

/** Whether the agent's container runs, ready or not. */
export function isAgentRunning(pod: Pod): boolean {
  return agentStatus(pod)?.state?.running !== undefined;
}
