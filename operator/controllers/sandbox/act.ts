// The writes of one plan. Children are made by POST; where a name turns out to be taken or an object is refused,
// what this very pass has made is taken back: nothing half-made is left.
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeClient, KubeObject, ResourceRef } from '../../../kube/types.ts';
import type { Pod } from '../../core-types.ts';
import { resources } from '../../resources.ts';
import { explainRefusal, nameTaken } from './find-problem.ts';
import { isOwned, isOwnWorkspace } from './ownership.ts';
import type { Action } from './plan.ts';
import type { Problem } from './problem.ts';
import type { ActOutcome } from './status/build-status.ts';

type Create = Extract<Action, { type: 'Create' }>;
interface Made {
  readonly resource: ResourceRef;
  readonly object: KubeObject;
}
/** What was written, and as which repair. */
export type Remember = (resource: ResourceRef, object: KubeObject, repair?: Action) => void;
type Creation = { readonly made: Made; readonly isNew: boolean } | { readonly problem: Problem };

export async function act(
  client: KubeClient,
  sandbox: Sandbox,
  actions: readonly Action[],
  remember: Remember,
): Promise<ActOutcome> {
  for (const action of actions) if (action.type !== 'Create') await change(client, action, remember);
  const creations = actions.filter(action => action.type === 'Create');
  const isStart = creations.some(({ stage }) => stage === 2);
  const problem = isStart ? await findTaken(client, sandbox, creations) : undefined;
  return problem ? { problem } : createAll(client, sandbox, creations, remember);
}

async function createAll(
  client: KubeClient,
  sandbox: Sandbox,
  creations: readonly Create[],
  remember: Remember,
): Promise<ActOutcome> {
  const made: Made[] = [];
  let pod: Pod | undefined;
  for (const stage of [1, 2] as const) {
    const due = creations.filter(creation => creation.stage === stage);
    const results = await Promise.all(due.map(creation => create(client, sandbox, creation)));
    for (const result of results) {
      if (!('made' in result)) continue;
      if (result.isNew) made.push(result.made);
      remember(result.made.resource, result.made.object);
      if (result.made.resource === resources.pods) pod = result.made.object;
    }
    const failed = results.find(result => 'problem' in result);
    if (failed) {
      await takeBack(client, made);
      return { problem: failed.problem };
    }
  }
  return pod ? { created: pod } : {};
}

/** Looks before the first POST, so that a start that cannot succeed makes nothing at all. */
async function findTaken(
  client: KubeClient,
  sandbox: Sandbox,
  creations: readonly Create[],
): Promise<Problem | undefined> {
  const present = await Promise.all(
    creations.map(async ({ resource, object }) => ({ resource, found: await client.get(resource, object.metadata) })),
  );
  const taken = present.find(({ resource, found }) => found !== undefined && !isOurs(resource, found, sandbox));
  return taken && nameTaken(sandbox.metadata.namespace, taken.resource.kind, taken.found?.metadata.name ?? '');
}

async function create(client: KubeClient, sandbox: Sandbox, { resource, object }: Create): Promise<Creation> {
  const written = await client.create(resource, object);
  if (written.ok) return { made: { resource, object: written.object }, isNew: true };
  const { namespace } = sandbox.metadata;
  if (written.refusal.reason !== 'AlreadyExists')
    return { problem: explainRefusal(namespace, resource.kind, written.refusal.message) };
  const present = await client.get(resource, object.metadata);
  if (present && isOurs(resource, present, sandbox)) return { made: { resource, object: present }, isNew: false };
  return { problem: nameTaken(namespace, resource.kind, object.metadata.name) };
}

function isOurs(resource: ResourceRef, object: KubeObject, sandbox: Sandbox): boolean {
  return resource === resources.persistentVolumeClaims ? isOwnWorkspace(object, sandbox) : isOwned(object, sandbox);
}

async function takeBack(client: KubeClient, made: readonly Made[]): Promise<void> {
  await Promise.all(made.map(({ resource, object }) => client.delete(resource, object.metadata, uidOf(object))));
}

/** A conflict means that the object is another one by now: the watch brings it, and the plan is made anew. */
async function change(
  client: KubeClient,
  action: Exclude<Action, { type: 'Create' }>,
  remember: Remember,
): Promise<void> {
  const { resource, object } = action;
  if (action.type === 'Delete') return void (await client.delete(resource, object.metadata, uidOf(object)));
  const { uid, labels, annotations, ownerReferences } = object.metadata;
  const written =
    action.type === 'Apply'
      ? await client.apply(resource, object)
      : await client.mergePatch(resource, object.metadata, { metadata: { uid, labels, annotations, ownerReferences } });
  if (written.ok) remember(resource, written.object, action);
}

function uidOf({ metadata: { uid } }: KubeObject): { uid?: string } {
  return uid === undefined ? {} : { uid };
}
