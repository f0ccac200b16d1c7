// ApprovalRequest: phases, times, history; what has ended is collected. Deciding is people's, granting the compiler's.
import { isDeepStrictEqual } from 'node:util';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import { warnOfRequest } from '../../../engine/warnings/warn-of-request.ts';
import type { Clock, Key, KubeClient, Queue, ReconcileResult, Reconciler, Store } from '../../../kube/types.ts';
import { formatRevision } from '../../../protocol/revision.ts';
import { approvalRecords } from '../../audit/approval-records.ts';
import type { AuditLog } from '../../audit/create-audit-log.ts';
import type { Pod } from '../../core-types.ts';
import type { FullSnapshot } from '../../hub/full-snapshot.ts';
import type { HubChange, HubView } from '../../hub/hub.ts';
import { resources } from '../../resources.ts';
import { AskPolicy } from '../../snapshots/ask-policy.ts';
import type { SnapshotRegistry } from '../../snapshots/types.ts';
import { childName } from '../sandbox/child-name.ts';
import { gpuOf } from '../sandbox/gpu-request.ts';
import { RecentWrites } from '../sandbox/recent-writes.ts';
import { statusPatch } from '../sandbox/status/status-patch.ts';
import { findCollectable } from './find-collectable.ts';
import { knownHosts } from './known-hosts.ts';
import { type ApprovalWorld, endedPhases, planApproval } from './plan.ts';
import { createToldUses } from './told-uses.ts';

export interface ApprovalControllerOptions {
  readonly client: KubeClient;
  readonly requests: Store<ApprovalRequest>;
  readonly sandboxes: Store<Sandbox>;
  readonly pods: Store<Pod>;
  readonly registry: SnapshotRegistry;
  readonly hub: HubView;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export interface ApprovalController extends Reconciler {
  watch(queue: Queue, signal: AbortSignal): void;
}

interface Seen {
  readonly generation: number;
  readonly atMs: number;
}

/** As many as the schema takes. */
const maxWarnings = 8;

export function createApprovalController(options: ApprovalControllerOptions): ApprovalController {
  const nowMs = () => options.clock.nowMs();
  const policy = new AskPolicy(nowMs);
  const seen = new Map<string, Seen>();
  const toldUses = createToldUses(nowMs);
  const written = new RecentWrites<ApprovalRequest>(nowMs);

  async function reconcile(key: Key): Promise<ReconcileResult> {
    const [namespace = '', name = ''] = key.split('/');
    const stored = options.requests.get({ namespace, name });
    if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return { type: 'Done' };
    const request = written.newest(stored.metadata.uid, stored) ?? stored;
    // Only a write of the status is ours; a decision that came since is in the store.
    const seenNow = { ...stored, ...(request.status === undefined ? {} : { status: request.status }) };
    const uses = usesOf(seenNow);
    const world = observe(seenNow, uses?.counted);
    const plan = planApproval(world);
    for (const record of approvalRecords(world.request, plan.status)) options.audit.record(record);
    await write(world.request, plan.status);
    const collectedMs = await collect(request.spec.sandbox.uid);
    const waits = [plan.againAfterMs, uses?.againAfterMs, collectedMs].filter(wait => wait !== undefined);
    return waits.length > 0 ? { type: 'Again', afterMs: Math.min(...waits, 24 * 3_600_000) } : { type: 'Done' };
  }

  function observe(request: ApprovalRequest, counted: ApprovalWorld['counted']): ApprovalWorld {
    const { metadata, spec } = request;
    const pod = options.pods.get({ namespace: metadata.namespace, name: childName(spec.sandbox.name) });
    const sandbox = options.sandboxes.byUid(spec.sandbox.uid);
    const enforced = spec.type === 'GPU' ? gpuPod(sandbox, pod) : ackOf(request);
    const current = options.registry.get(spec.sandbox.uid);
    const refusal = current?.refusals.get(metadata.name);
    const answeredBy = current && answerOf(current.snapshot, request);
    const created = pod?.metadata.creationTimestamp;
    return {
      request,
      nowMs: nowMs(),
      decisionSeenMs: note(request),
      ...(created === undefined ? {} : { podCreatedMs: Date.parse(created) }),
      ...(enforced === undefined ? {} : { enforced }),
      ...(spec.type === 'GPU' && sandbox && !isDeepStrictEqual(gpuOf(sandbox), spec.gpu) ? { isStale: true } : {}),
      ...warningsOf(request, current?.snapshot),
      ...(counted === undefined ? {} : { counted }),
      ...(answeredBy === undefined ? {} : { answeredBy }),
      // "expired" is said by the phase.
      ...(refusal === undefined || refusal === 'expired' ? {} : { refusal }),
    };
  }

  function ackOf({ metadata, spec }: ApprovalRequest): ApprovalWorld['enforced'] {
    const acked = options.hub.state(spec.sandbox.uid)?.acked;
    const atMs = acked?.grantedAtMs.get(metadata.name);
    return acked && atMs !== undefined ? { revision: formatRevision(acked.revision), atMs } : undefined;
  }

  /** An open question is answered by a rule for it, a grant by a rule that allows all it does. */
  function answerOf({ policy: compiled, grants }: FullSnapshot, request: ApprovalRequest): string | undefined {
    if (request.spec.decision?.verdict !== 'Approve') return policy.answeredBy(compiled, request);
    const grant = grants.items.find(({ id }) => id === request.metadata.name);
    return grant && policy.ruleForGrant(compiled, grant);
  }

  function usesOf({ metadata: { uid, name }, spec }: ApprovalRequest) {
    const max = spec.decision?.maxUses;
    const session = options.hub.state(spec.sandbox.uid);
    if (max === undefined || session?.connected !== true) return undefined;
    const { countedBy } = session;
    const { used, ...again } = toldUses.view(uid, session.uses?.get(name) ?? 0, max);
    return { counted: { used, ...(countedBy === undefined ? {} : { countedBy }) }, ...again };
  }

  /** Said once, when the request is new: who decides later sees what was seen then. */
  function warningsOf({ spec, status, ...request }: ApprovalRequest, snapshot: FullSnapshot | undefined) {
    if (status?.warnings !== undefined) return { warnings: status.warnings };
    if (spec.egress === undefined || snapshot === undefined) return {};
    const others = options.requests.byIndex('sandbox', spec.sandbox.uid);
    const known = knownHosts({ ...request, spec }, snapshot.policy, snapshot.grants, others);
    return { warnings: warnOfRequest(spec.egress, known).slice(0, maxWarnings) };
  }

  /** When the decision was first seen, in the tick of its watch event. */
  function note({ metadata: { uid, generation } }: ApprovalRequest): number {
    const known = seen.get(uid);
    if (known?.generation === generation) return known.atMs;
    const atMs = nowMs();
    seen.set(uid, { generation, atMs });
    return atMs;
  }

  async function write(request: ApprovalRequest, status: NonNullable<ApprovalRequest['status']>): Promise<void> {
    const { hits: _hits, samples: _samples, firstSeen: _first, lastSeen: _last, ...before } = request.status ?? {};
    const patch = statusPatch(before, status);
    if (patch === undefined) return;
    const { namespace, name, uid, resourceVersion } = request.metadata;
    // Who counts is said once: never over what another operator has said meanwhile.
    const isFirstCount = status.countedBy !== undefined && before.countedBy === undefined;
    const result = await options.client.patchStatus(
      resources.approvalRequests,
      { namespace, name },
      { metadata: isFirstCount ? { uid, resourceVersion } : { uid }, status: patch },
    );
    if (result.ok) written.remember(uid, result.object);
    else if (result.refusal.reason !== 'NotFound' && result.refusal.reason !== 'Conflict')
      throw new Error(`status of ApprovalRequest ${namespace}/${name} was refused: ${result.refusal.message}`);
  }

  async function collect(sandboxUid: string): Promise<number | undefined> {
    const { now, againAfterMs } = findCollectable(options.requests.byIndex('sandbox', sandboxUid), nowMs());
    for (const { metadata } of now)
      await options.client.delete(resources.approvalRequests, metadata, { uid: metadata.uid });
    return againAfterMs;
  }

  function watch(queue: Queue, signal: AbortSignal): void {
    const wake = ({ metadata }: ApprovalRequest) => queue.add(`${metadata.namespace}/${metadata.name}`);
    options.requests.subscribe(({ type, object }) => {
      if (type === 'Deleted') {
        seen.delete(object.metadata.uid);
        written.forget(object.metadata.uid);
        toldUses.forget(object.metadata.uid);
        return;
      }
      note(object);
      wake(object);
    }, signal);
    options.hub.subscribe((uid, change) => {
      const concerns = concernsOf[change];
      if (concerns)
        for (const request of options.requests.byIndex('sandbox', uid)) if (concerns(request)) wake(request);
    }, signal);
    // A policy of today may answer what was asked yesterday.
    options.registry.subscribe((uid, current) => {
      if (current) for (const request of options.requests.byIndex('sandbox', uid)) if (isOpen(request)) wake(request);
    }, signal);
    // A GPU is enforced by the recorded pod, and asked for by what the Sandbox says now.
    options.sandboxes.subscribe(change => {
      const { metadata, status } = change.object;
      const before = change.type === 'Modified' ? change.before : undefined;
      if (before?.metadata.generation === metadata.generation && before.status?.podUid === status?.podUid) return;
      for (const request of options.requests.byIndex('sandbox', metadata.uid))
        if (request.spec.type === 'GPU') wake(request);
    }, signal);
    // Sessions end with their pod.
    options.pods.subscribe(({ type, object: { metadata } }) => {
      if (type === 'Modified') return;
      const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'Sandbox')?.uid;
      if (owner !== undefined) for (const request of options.requests.byIndex('sandbox', owner)) wake(request);
    }, signal);
  }

  return { name: 'approval-request', reconcile, watch };
}

/** The pod that has the GPU: the recorded one, while it stays. */
function gpuPod(sandbox: Sandbox | undefined, pod: Pod | undefined): ApprovalWorld['enforced'] {
  const uid = pod?.metadata.uid;
  const isThere = uid !== undefined && uid === sandbox?.status?.podUid && pod?.metadata.deletionTimestamp === undefined;
  return isThere ? { revision: uid, atMs: Date.parse(pod?.metadata.creationTimestamp ?? '') } : undefined;
}

/** Asked, put off or allowed, and not ended: a policy may say it by now. */
function isOpen({ spec, status }: ApprovalRequest): boolean {
  const verdict = spec.decision?.verdict;
  return verdict !== 'Deny' && verdict !== 'Revoke' && !endedPhases.has(status?.phase ?? 'Pending');
}

function isCounted({ spec, status }: ApprovalRequest): boolean {
  return spec.decision?.maxUses !== undefined && !endedPhases.has(status?.phase ?? 'Pending');
}

/** Which requests a word of the sidecar may change. */
const concernsOf: Partial<Record<HubChange, (request: ApprovalRequest) => boolean>> = {
  Acked: isWaiting,
  Connected: isCounted,
  Used: isCounted,
};

/** Approved by a person, not yet by the sidecar. */
function isWaiting({ spec, status }: ApprovalRequest): boolean {
  return spec.decision?.verdict === 'Approve' && status?.phase !== 'Enforced';
}
