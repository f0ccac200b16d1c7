// Sandbox: observe → plan → act, one status write at the end, and none where nothing has changed.
import { apiVersion } from '../../../crds/schema/group.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type {
  Clock,
  Key,
  KubeClient,
  KubeObject,
  Queue,
  ReconcileResult,
  Reconciler,
  ResourceRef,
} from '../../../kube/types.ts';
import type { OperatorEvents } from '../../event-reasons.ts';
import { resources } from '../../resources.ts';
import { act } from './act.ts';
import { type ObserveOptions, observeSandbox } from './observe.ts';
import { type Action, planSandbox } from './plan.ts';
import { RecentWrites } from './recent-writes.ts';
import { StartBackoff } from './start-backoff.ts';
import { buildStatus } from './status/build-status.ts';
import { sessionGraceMs } from './status/find-session-conditions.ts';
import { statusPatch } from './status/status-patch.ts';
import { wakeOnChanges } from './wake-on-changes.ts';

export interface SandboxControllerOptions extends Omit<ObserveOptions, 'leadingSinceMs'> {
  readonly client: KubeClient;
  readonly events: OperatorEvents;
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
  const starts = new StartBackoff();
  /** Results of our repairs, by uid. */
  const repaired = new Map<string, string>();

  async function reconcile(key: Key): Promise<ReconcileResult> {
    const [namespace = '', name = ''] = key.split('/');
    const stored = options.stores.sandboxes.get({ namespace, name });
    if (stored === undefined) return forget(key);
    const sandbox = ours(key, stored);
    const newest = <T extends KubeObject>(kind: string, object: T | undefined) =>
      children.newest(`${sandbox.metadata.uid}/${kind}`, object) as T | undefined;
    const world = observeSandbox(sandbox, nowMs(), { ...options, leadingSinceMs }, newest, madePods);
    const plan = planSandbox(world);
    const circumstances = `${sandbox.metadata.generation} ${world.namespace?.metadata.resourceVersion}`;
    const isStart = plan.actions.some(action => action.type === 'Create' && action.stage === 2);
    const standing = isStart ? starts.standing(key, circumstances, nowMs()) : undefined;
    const outcome = standing
      ? { problem: standing.problem }
      : await act(options.client, sandbox, plan.actions.filter(isNews), remember(sandbox));
    if (outcome.problem === undefined) starts.forget(key);
    else if (!standing) starts.failed(key, circumstances, outcome.problem, nowMs());
    const status = buildStatus(world, plan, outcome);
    await writeStatus(key, sandbox, status);
    for (const event of plan.events) options.events.record(regarding(sandbox), event);
    const problem = plan.problem ?? (standing ? undefined : outcome.problem);
    if (problem)
      options.events.record(regarding(sandbox), { type: 'Warning', reason: problem.reason, note: problem.message });
    const retryMs = starts.standing(key, circumstances, nowMs())?.forMs;
    return again([plan.againAfterMs, retryMs, graceLeftMs(status)]);
  }

  function remember({ metadata }: Sandbox) {
    return (resource: ResourceRef, object: KubeObject, repair?: Action) => {
      if (repair)
        repaired.set(object.metadata.uid ?? '', `${object.metadata.resourceVersion} ${JSON.stringify(repair.object)}`);
      children.remember(`${metadata.uid}/${resource.kind}`, object);
      if (resource === resources.pods && object.metadata.uid !== undefined) madePods.add(object.metadata.uid);
    };
  }

  /** A repair that led to just this version did not help: somebody's defaulting undoes it, and again would be a hot loop. */
  function isNews(action: Action): boolean {
    if (action.type !== 'Apply' && action.type !== 'PatchMetadata') return true;
    return repaired.get(action.object.metadata.uid ?? '') !== `${action.seen} ${JSON.stringify(action.object)}`;
  }

  function forget(key: Key): ReconcileResult {
    written.forget(key);
    starts.forget(key);
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

  /** A new leader waits for the sidecars to find it before it says that one is lost. */
  function graceLeftMs({ podUid }: NonNullable<Sandbox['status']>): number | undefined {
    const leftMs = leadingSinceMs + sessionGraceMs - nowMs();
    return podUid !== undefined && leftMs > 0 ? leftMs + 1 : undefined;
  }

  return { name: 'sandbox', reconcile, watch: (queue, signal) => wakeOnChanges(options, queue, signal) };
}

function again(waits: readonly (number | undefined)[]): ReconcileResult {
  const known = waits.filter(wait => wait !== undefined);
  return known.length > 0 ? { type: 'Again', afterMs: Math.min(...known) } : { type: 'Done' };
}

function regarding({ metadata }: Sandbox) {
  return { apiVersion, kind: 'Sandbox', metadata };
}
