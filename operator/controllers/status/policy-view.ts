// How far one policy has come: which running sandboxes it speaks of, and which of their sidecars enforce it.
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { RuleIssue } from '../../../engine/compile/rule-issue.ts';
import type { Store } from '../../../kube/types.ts';
import { compareRevisions } from '../../../protocol/revision.ts';
import type { HubView } from '../../hub/hub.ts';
import type { SnapshotRegistry } from '../../snapshots/types.ts';

export interface PolicyView {
  /** `namespace/name` of the sandboxes it matches. */
  readonly matched: readonly string[];
  /** Of those, whose sidecar acknowledged a snapshot with this policy as it is now. */
  readonly enforced: readonly string[];
  /** Of those, without a pod and meant so: there is nobody to enforce anything on. */
  readonly suspended: readonly string[];
  /** What its rules say in vain for some of them. */
  readonly issues: readonly RuleIssue[];
}

export interface PolicyViewSources {
  readonly sandboxes: Store<Sandbox>;
  readonly snapshots: Pick<SnapshotRegistry, 'list'>;
  readonly hub: Pick<HubView, 'state'>;
}

/** `policy` is `namespace/name`, or `cluster/name` for a ClusterEgressPolicy. */
export function viewPolicy(policy: string, { sandboxes, snapshots, hub }: PolicyViewSources): PolicyView {
  const concerned = snapshots.list().filter(({ matched }) => matched.includes(policy));
  const nameOf = ({ namespace, sandbox }: (typeof concerned)[number]) => `${namespace}/${sandbox}`;
  const enforced = concerned.filter(({ sandboxUid, policyRevision }) => {
    const state = hub.state(sandboxUid);
    return (
      state?.connected === true &&
      state.acked !== undefined &&
      compareRevisions(state.acked.revision, policyRevision) >= 0
    );
  });
  const suspended = concerned.filter(({ sandboxUid }) => isAtRest(sandboxes.byUid(sandboxUid)));
  return {
    matched: concerned.map(nameOf).sort(),
    enforced: enforced.map(nameOf).sort(),
    suspended: suspended.map(nameOf).sort(),
    issues: concerned.flatMap(({ issues }) => issues.filter(issue => issue.policy === policy)),
  };
}

const resting: ReadonlySet<string> = new Set(['AwaitingApproval', 'Suspended', 'Completed', 'Failed']);

function isAtRest(sandbox: Sandbox | undefined): boolean {
  return sandbox?.spec.lifecycle?.suspend === true || resting.has(sandbox?.status?.phase ?? '');
}
