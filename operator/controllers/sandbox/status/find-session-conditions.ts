// What the sidecar's session says, for people. A session that is briefly gone changes nothing: the policy stays enforced.
import { compareRevisions, formatRevision } from '../../../../protocol/revision.ts';
import type { SessionState } from '../../../hub/session-state.ts';
import type { SandboxWorld } from '../world.ts';
import type { ConditionType, Finding } from './condition-list.ts';

/** After this without a session what it last said is no longer repeated. */
export const sessionGraceMs = 60_000;

export function findSessionConditions(world: SandboxWorld, podUid: string | undefined): Finding[] {
  if (podUid === undefined) return [];
  const session = world.session?.podUid === podUid ? world.session : undefined;
  return [fence(world, session), policy(world, session), networkPolicy(world, session)];
}

function fence(world: SandboxWorld, session: SessionState | undefined): Finding {
  const report = session?.fence;
  if (report === undefined) return remembered(world, session, 'FenceVerified');
  return {
    type: 'FenceVerified',
    status: report.state === 'Broken' ? 'False' : 'True',
    reason: report.state,
    message: report.message,
  };
}

function policy(world: SandboxWorld, session: SessionState | undefined): Finding {
  const desired = world.current?.snapshot.revision;
  const { acked, nack } = session ?? {};
  if (desired === undefined || (acked === undefined && nack === undefined))
    return remembered(world, session, 'PolicyEnforced');
  const isRefused =
    nack !== undefined && compareRevisions(nack.revision, acked?.revision ?? { epoch: 0, counter: 0 }) > 0;
  if (isRefused)
    return {
      type: 'PolicyEnforced',
      status: 'False',
      reason: 'SnapshotRefused',
      message: `the sidecar refused revision ${formatRevision(nack.revision)}: ${nack.reason}`,
    };
  const isNewest = acked !== undefined && compareRevisions(acked.revision, desired) >= 0;
  return {
    type: 'PolicyEnforced',
    status: isNewest ? 'True' : 'False',
    reason: isNewest ? 'Enforced' : 'Pushing',
    message: isNewest ? 'the newest revision is enforced' : 'the newest revision has not been acknowledged yet',
  };
}

function networkPolicy(world: SandboxWorld, session: SessionState | undefined): Finding {
  const report = session?.networkPolicy;
  if (report === undefined) return remembered(world, session, 'NetworkPolicyEnforced');
  const reason = { True: 'CanaryBlocked', False: 'CanaryReached', Unknown: 'CanaryUnclear' }[report.enforced];
  return { type: 'NetworkPolicyEnforced', status: report.enforced, reason, message: report.message };
}

/** Within the grace what was said before stands; a new pod has said nothing before. */
function remembered(world: SandboxWorld, session: SessionState | undefined, type: ConditionType): Finding {
  const { sandbox, nowMs } = world;
  const isSamePod = sandbox.status?.podUid !== undefined && sandbox.status.podUid === world.pod?.metadata.uid;
  const before = isSamePod ? sandbox.status?.conditions?.find(condition => condition.type === type) : undefined;
  if (
    before &&
    before.reason !== 'SessionLost' &&
    (session?.connected || nowMs < lostSinceMs(world, session) + sessionGraceMs)
  )
    return { type, status: before.status, reason: before.reason, message: before.message };
  if (session?.connected || !before)
    return { type, status: 'Unknown', reason: 'NotReported', message: 'the sidecar has not said yet' };
  return {
    type,
    status: 'Unknown',
    reason: 'SessionLost',
    message: 'the sidecar has no session with the hub; it goes on enforcing its last policy',
  };
}

function lostSinceMs({ leadingSinceMs }: SandboxWorld, session: SessionState | undefined): number {
  return Math.max(leadingSinceMs, session?.sinceMs ?? 0);
}
