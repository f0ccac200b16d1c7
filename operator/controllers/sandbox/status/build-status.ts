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

export function buildStatus(world: SandboxWorld, plan: SandboxPlan, outcome: ActOutcome): SandboxStatus {
  const { sandbox, nowMs } = world;
  const problem = plan.problem ?? outcome.problem;
  const pod = outcome.created ?? ('pod' in plan.pod && plan.pod.state !== 'Foreign' ? plan.pod.pod : undefined);
  const findings = findConditions(world, plan, problem);
  return {
    observedGeneration: sandbox.metadata.generation,
    phase: findPhase(plan, problem),
    conditions: toConditions(findings, sandbox.status?.conditions ?? [], sandbox.metadata.generation, nowMs),
    ...policyStatus(world),
    ...inferenceStatus(world),
    pending: world.requests.filter(isPending).length,
    ...podStatus(plan, pod),
    ...(plan.pod.state === 'Completed' ? { exitCode: plan.pod.exitCode } : {}),
  };
}

function findPhase({ intent, pod }: SandboxPlan, problem: Problem | undefined): NonNullable<SandboxStatus['phase']> {
  if (problem) return 'Pending';
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

function podStatus(plan: SandboxPlan, pod: Pod | undefined): Partial<SandboxStatus> {
  if (pod?.metadata.uid === undefined) return {};
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
