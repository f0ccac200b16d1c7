// Sandbox: observe → plan → act, one status write at the end, and none where nothing has changed.
import { apiVersion } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type {
  Clock,
  EventRecorder,
  Key,
  KubeClient,
  KubeObject,
  Queue,
  ReconcileResult,
  Reconciler,
} from '../../kube/types.ts';
import { resources } from '../../resources.ts';
import { act } from './act.ts';
import { type ObserveOptions, observeSandbox } from './observe.ts';
import { planSandbox } from './plan.ts';
import { RecentWrites } from './recent-writes.ts';
import { buildStatus } from './status/build-status.ts';
import { sessionGraceMs } from './status/find-session-conditions.ts';
import { statusPatch } from './status/status-patch.ts';
import { wakeOnChanges } from './wake-on-changes.ts';

export interface SandboxControllerOptions extends Omit<ObserveOptions, 'leadingSinceMs'> {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

export interface SandboxController extends Reconciler {
  /** From then on every change that concerns a sandbox puts its key into the queue. */
  watch(queue: Queue, signal: AbortSignal): void;
}

export function createSandboxController(options: SandboxControllerOptions): SandboxController {
  const nowMs = () => options.clock.nowMs();
  const leadingSinceMs = nowMs();
  const written = new RecentWrites<Sandbox>(nowMs);
  const children = new RecentWrites(nowMs);
  const madePods = new Set<string>();
  const stalledSinceMs = new Map<Key, number>();

  async function reconcile(key: Key): Promise<ReconcileResult> {
    const [namespace = '', name = ''] = key.split('/');
    const stored = options.stores.sandboxes.get({ namespace, name });
    if (stored === undefined) return forget(key);
    const sandbox = ours(key, stored);
    const newest = <T extends KubeObject>(kind: string, object: T | undefined) =>
      children.newest(`${sandbox.metadata.uid}/${kind}`, object) as T | undefined;
    const world = observeSandbox(sandbox, nowMs(), { ...options, leadingSinceMs }, newest, madePods);
    const plan = planSandbox(world);
    const outcome = await act(options.client, sandbox, plan.actions, (resource, object) => {
      children.remember(`${sandbox.metadata.uid}/${resource.kind}`, object);
      if (resource === resources.pods && object.metadata.uid !== undefined) madePods.add(object.metadata.uid);
    });
    const status = buildStatus(world, plan, outcome);
    await writeStatus(key, sandbox, status);
    for (const event of plan.events) options.events.record(regarding(sandbox), event);
    const problem = plan.problem ?? outcome.problem;
    if (problem)
      options.events.record(regarding(sandbox), { type: 'Warning', reason: problem.reason, note: problem.message });
    return next(
      key,
      problem !== undefined,
      plan.againAfterMs,
      status.conditions?.some(({ reason }) => reason === 'SessionLost') ?? false,
    );
  }

  function forget(key: Key): ReconcileResult {
    written.forget(key);
    stalledSinceMs.delete(key);
    return { type: 'Done' };
  }

  function ours(key: Key, stored: Sandbox): Sandbox {
    const newest = written.newest(key, stored) ?? stored;
    return newest.metadata.uid === stored.metadata.uid ? newest : stored;
  }

  async function writeStatus(key: Key, sandbox: Sandbox, status: NonNullable<Sandbox['status']>): Promise<void> {
    const patch = statusPatch(sandbox.status, status);
    if (patch === undefined) return;
    const { namespace, name, uid } = sandbox.metadata;
    const result = await options.client.patchStatus(
      resources.sandboxes,
      { namespace, name },
      { metadata: { uid }, status: patch },
    );
    if (result.ok) written.remember(key, result.object);
    else if (result.refusal.reason !== 'NotFound' && result.refusal.reason !== 'Conflict')
      throw new Error(`status of Sandbox ${key} was refused: ${result.refusal.message}`);
  }

  /** A stalled sandbox is looked at less and less often; what it lacks usually announces itself by a watch. */
  function next(key: Key, isStalled: boolean, againAfterMs: number | undefined, isLost: boolean): ReconcileResult {
    if (!isStalled) stalledSinceMs.delete(key);
    else if (!stalledSinceMs.has(key)) stalledSinceMs.set(key, nowMs());
    const since = stalledSinceMs.get(key);
    const waits = [
      ...(againAfterMs === undefined ? [] : [againAfterMs]),
      ...(since === undefined ? [] : [Math.min(Math.max(nowMs() - since, 10_000), 600_000)]),
      ...(nowMs() < leadingSinceMs + sessionGraceMs && !isLost ? [leadingSinceMs + sessionGraceMs - nowMs() + 1] : []),
    ];
    return waits.length > 0 ? { type: 'Again', afterMs: Math.min(...waits) } : { type: 'Done' };
  }

  return { name: 'sandbox', reconcile, watch: (queue, signal) => wakeOnChanges(options, queue, signal) };
}

function regarding({ metadata }: Sandbox) {
  return { apiVersion, kind: 'Sandbox', metadata };
}
