import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { watchUntil } from '../kube/watch-until.ts';
import { conditionOf } from '../objects/condition-of.ts';
import { UserError } from '../user-error.ts';

export type Awaited = 'Ready' | 'Suspended';

/** Until the sandbox is so; says each step once. What nobody will change without help is thrown at once, a time that is up too. */
export async function waitForSandbox(
  api: Api,
  from: Sandbox,
  wanted: Awaited,
  timeoutMs: number,
  say: (step: string) => void,
): Promise<Sandbox> {
  const { name, namespace, generation } = from.metadata;
  let said = '';
  const isOver = (sandbox: Sandbox) => {
    // What is said of an older spec says nothing of this one.
    if ((sandbox.status?.observedGeneration ?? 0) < generation) return false;
    const step = stepOf(sandbox);
    if (step !== said) say(`${name}: ${step}`);
    said = step;
    return isReached(sandbox, wanted) || blockOf(sandbox) !== undefined;
  };
  const done = await watchUntil(api, creelPath(namespace, 'sandboxes', name), from, isOver, timeoutMs);
  const creel = `kubectl creel -n ${namespace}`;
  if (done === undefined)
    throw new UserError(
      `${name} is not ${wanted} after ${timeoutMs / 1000} s; last: ${said || 'nothing heard of the operator'}`,
      {
        exitCode: exitCodes.timeout,
        try: [`${creel} describe ${name}`, ...(said === '' ? ['kubectl creel doctor'] : [])],
      },
    );
  const block = isReached(done, wanted) ? undefined : blockOf(done);
  if (block !== undefined) throw new UserError(`${name}: ${block}`, { try: [`${creel} describe ${name}`] });
  return done;
}

function isReached(sandbox: Sandbox, wanted: Awaited): boolean {
  return wanted === 'Ready'
    ? conditionOf(sandbox, 'Ready')?.status === 'True'
    : sandbox.status?.phase === 'Suspended' && sandbox.status.pod === undefined;
}

/** `Starting (PodNotReady: the pod is starting)`. */
function stepOf(sandbox: Sandbox): string {
  const ready = conditionOf(sandbox, 'Ready');
  const why = ready === undefined || ready.status === 'True' ? '' : ` (${ready.reason}: ${ready.message})`;
  return `${sandbox.status?.phase ?? 'Pending'}${why}`;
}

/** Why waiting leads nowhere. */
function blockOf(sandbox: Sandbox): string | undefined {
  const stalled = conditionOf(sandbox, 'Stalled');
  if (stalled?.status === 'True') return stalled.message;
  const { phase } = sandbox.status ?? {};
  if (phase === 'AwaitingApproval') return conditionOf(sandbox, 'Ready')?.message ?? 'it waits for an approval';
  if (phase === 'Failed' || phase === 'Completed')
    return `the command has ended (${phase}, exit code ${sandbox.status?.exitCode ?? '?'})`;
  const ready = conditionOf(sandbox, 'Ready');
  return ready?.reason === 'Expired' ? ready.message : undefined;
}
