import type { ApprovalRequest } from '../../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../../crds/schema/sandbox.ts';
import { containerNames } from '../../../../protocol/constants.ts';
import { formatRevision } from '../../../../protocol/revision.ts';
import type { Pod } from '../../../core-types.ts';
import type { SandboxPlan } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SandboxWorld } from '../world.ts';
import { toConditions } from './condition-list.ts';
import { findConditions, isAgentRunning } from './find-conditions.ts';

export type SandboxStatus = NonNullable<Sandbox['status']>;

/** What acting has changed: the pod that was made, and what stood in the way. */
export interface ActOutcome {
  readonly created?: Pod;
  readonly problem?: Problem;
}

export function buildStatus(world: SandboxWorld, planned: SandboxPlan, outcome: ActOutcome): SandboxStatus {
  const { sandbox, nowMs } = world;
  const { created } = outcome;
  const plan: SandboxPlan = created ? { ...planned, pod: { state: 'Live', pod: created, outdated: false } } : planned;
  const problem = plan.problem ?? outcome.problem;
  const findings = findConditions(world, plan, problem);
  return {
    observedGeneration: sandbox.metadata.generation,
    phase: findPhase(plan, problem),
    conditions: toConditions(findings, sandbox.status?.conditions ?? [], sandbox.metadata.generation, nowMs),
    ...policyStatus(world),
    ...inferenceStatus(world),
    pending: world.requests.filter(isPending).length,
    ...podStatus(world, plan, created),
    ...(plan.pod.state === 'Completed' ? { exitCode: plan.pod.exitCode } : {}),
  };
}

function findPhase({ intent, pod }: SandboxPlan, problem: Problem | undefined): NonNullable<SandboxStatus['phase']> {
  if (problem && pod.state !== 'Live') return 'Pending';
  switch (intent) {
    case 'Terminate':
      return 'Terminating';
    case 'Suspend':
    case 'Expired':
      return 'Suspended';
    case 'AwaitGpu':
      return 'AwaitingApproval';
    case 'DenyGpu':
      return 'Failed';
    case 'Completed':
      return pod.state === 'Completed' && pod.exitCode !== 0 ? 'Failed' : 'Completed';
    case 'Run':
      return pod.state === 'Live' && isAgentRunning(pod.pod) ? 'Running' : 'Starting';
    default:
      return intent satisfies never;
  }
}

function policyStatus({ current, session, sandbox }: SandboxWorld): Pick<SandboxStatus, 'policy'> {
  if (current === undefined) return sandbox.status?.policy ? { policy: sandbox.status.policy } : {};
  const { revision, policy, grants } = current.snapshot;
  const enforced = session?.acked ? formatRevision(session.acked.revision) : sandbox.status?.policy?.enforcedRevision;
  return {
    policy: {
      revision: formatRevision(revision),
      ...(enforced === undefined ? {} : { enforcedRevision: enforced }),
      rules: policy.rules.length,
      grants: grants.items.length,
    },
  };
}

function inferenceStatus({ current, session, sandbox }: SandboxWorld): Pick<SandboxStatus, 'inference'> {
  const route = current?.snapshot.route;
  const before = sandbox.status?.inference;
  const counted = {
    requests: session?.usage?.requests ?? before?.requests,
    tokens: session?.usage?.tokens ?? before?.tokens,
  };
  const profile = route && 'profile' in route ? { profile: route.profile, model: route.model } : {};
  const { requests, tokens } = counted;
  const inference = {
    ...profile,
    ...(requests === undefined ? {} : { requests }),
    ...(tokens === undefined ? {} : { tokens }),
  };
  return Object.keys(inference).length > 0 ? { inference } : {};
}

/** Only what this operator made is recorded: whose uid stands here is believed to be the sandbox. */
function podStatus(world: SandboxWorld, plan: SandboxPlan, created: Pod | undefined): Partial<SandboxStatus> {
  const pod = 'pod' in plan.pod ? plan.pod.pod : undefined;
  if (pod?.metadata.uid === undefined || (pod !== created && !world.isRecorded(pod.metadata.uid))) return {};
  const sidecar = pod.spec?.containers?.find(({ name }) => name === containerNames.sidecar)?.image;
  const startedAt = pod.status?.startTime;
  return {
    pod: pod.metadata.name,
    podUid: pod.metadata.uid,
    ...(sidecar === undefined
      ? {}
      : { sidecar: { image: sidecar, outdated: plan.pod.state === 'Live' && plan.pod.outdated } }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

function isPending({ spec, status }: ApprovalRequest): boolean {
  return spec.decision === undefined && (status?.phase ?? 'Pending') === 'Pending';
}
