// Reads what the checks look at, all at once, with the caller's own rights; what fails is a text in its place.
import { annotations, apiVersion, group } from '../../crds/schema/group.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { UserError } from '../user-error.ts';
import { neededRights } from './checks/namespace.ts';
import type {
  AdmissionBinding,
  AdmissionPolicy,
  Definition,
  Deployment,
  Facts,
  Named,
  Node,
  Read,
  WebhookConfiguration,
} from './facts.ts';

const admission = '/apis/admissionregistration.k8s.io/v1';
const ours = new URLSearchParams({ labelSelector: 'app.kubernetes.io/name=creel' }).toString();
const ourOperator = new URLSearchParams({
  labelSelector: 'app.kubernetes.io/name=creel,app.kubernetes.io/component=operator',
}).toString();

export async function readFacts(api: Api, probe: Facts['probe']): Promise<Facts> {
  const { namespace } = api;
  const one = <T>(path: string) => attempt(() => api.get<T>(path));
  const list = async <T>(path: string): Promise<Read<readonly T[]>> => {
    const read = await one<{ items: T[] }>(path);
    return read.ok ? { ok: true, value: read.value.items } : read;
  };
  // Nothing else says anything where nobody answers.
  const server = await one<{ gitVersion: string }>('/version');
  if (!server.ok) throw new UserError(server.why, { try: ['kubectl cluster-info'] });
  const profiles = await list<InferenceProfile>(creelPath(namespace, 'inferenceprofiles'));
  const [definitions, operators, webhooks, policies, bindings, nodes, sandboxes, home] = await Promise.all([
    list<Definition>('/apis/apiextensions.k8s.io/v1/customresourcedefinitions'),
    list<Deployment>(`/apis/apps/v1/deployments?${ourOperator}`),
    list<WebhookConfiguration>(`${admission}/validatingwebhookconfigurations?${ours}`),
    list<AdmissionPolicy>(`${admission}/validatingadmissionpolicies`),
    list<AdmissionBinding>(`${admission}/validatingadmissionpolicybindings`),
    list<Node>('/api/v1/nodes'),
    list<Sandbox>(creelPath(undefined, 'sandboxes')),
    one<Named>(`/api/v1/namespaces/${namespace}`),
  ]);
  return {
    nowMs: Date.now(),
    namespace,
    server,
    definitions,
    operators,
    webhooks,
    webhookTrial: await tryWebhook(api),
    policies,
    bindings,
    nodes,
    sandboxes,
    home,
    profiles,
    secrets: await readSecrets(api, profiles),
    rights: new Map(await Promise.all(neededRights.map(async right => [right, await mayI(api, right)] as const))),
    ...(probe === undefined ? {} : { probe }),
  };
}

async function attempt<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (error instanceof UserError) return { ok: false, why: error.message };
    throw error;
  }
}

/** A dry run stores nothing; the webhook is asked about it like about any other. */
async function tryWebhook(api: Api): Promise<Facts['webhookTrial']> {
  const policy = {
    apiVersion,
    kind: 'EgressPolicy',
    metadata: { generateName: 'creel-doctor-', namespace: api.namespace },
    spec: { sandboxSelector: { matchLabels: { [`${group}/doctor`]: 'dry-run' } } },
  };
  const read = await attempt(() => api.create(`${creelPath(api.namespace, 'egresspolicies')}?dryRun=All`, policy));
  return read.ok ? { ok: true, value: 'answered' } : read;
}

async function readSecrets(api: Api, profiles: Facts['profiles']): Promise<Facts['secrets']> {
  const defaults = profiles.ok
    ? profiles.value.filter(({ metadata }) => metadata.annotations?.[annotations.defaultProfile] === 'true')
    : [];
  const names = new Set(defaults.flatMap(({ spec }) => spec.credential?.secretRef.name ?? []));
  const read = async (name: string) =>
    [name, await attempt(() => readMetadata(api, `/api/v1/namespaces/${api.namespace}/secrets/${name}`))] as const;
  return new Map(await Promise.all([...names].map(read)));
}

/** What is kept of a Secret is its metadata: the key itself is let go at once. */
async function readMetadata(api: Api, path: string): Promise<Named> {
  const { metadata } = await api.get<Named>(path);
  return { metadata };
}

/** `verb resource[/subresource]` in the namespace. */
async function mayI(api: Api, right: string): Promise<Read<boolean>> {
  const [verb, what = ''] = right.split(' ');
  const [resource, subresource] = what.split('/');
  const isPods = resource === 'pods';
  const resourceAttributes = {
    namespace: api.namespace,
    verb,
    resource,
    group: isPods ? '' : group,
    ...(subresource === undefined ? {} : { subresource }),
  };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const read = await attempt(() =>
    api.create<{ status?: { allowed?: boolean } }>('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review),
  );
  return read.ok ? { ok: true, value: read.value.status?.allowed === true } : read;
}
