// What the operator would compile for a sandbox, read with the caller's own rights.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { apiVersion } from '../../crds/schema/group.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { Api } from './api.ts';
import { ApiError } from './api-error.ts';
import { creelPath } from './paths.ts';

interface List<T> {
  readonly items: readonly T[];
}
interface Service {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly clusterIP?: string };
}

/** What may not be read becomes a gap; the sandbox and the namespace's policies must be readable. */
export async function loadPolicySet(api: Api, sandboxName: string): Promise<PolicySet> {
  const { namespace } = api;
  const gaps: string[] = [];
  const orGap = async <T>(path: string, otherwise: T, what: string): Promise<T> => {
    try {
      return await api.get<T>(path);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      gaps.push(`${what} could not be read (you may not); the answer is without them.`);
      return otherwise;
    }
  };
  const sandbox = await api.get<Sandbox>(creelPath(namespace, 'sandboxes', sandboxName));
  const policies = await api.get<List<EgressPolicy>>(creelPath(namespace, 'egresspolicies'));
  const requests = await api.get<List<ApprovalRequest>>(creelPath(namespace, 'approvalrequests'));
  const none = { items: [] };
  const clusterPolicies = await orGap<List<ClusterEgressPolicy>>(
    `/apis/${apiVersion}/clusteregresspolicies`,
    none,
    'ClusterEgressPolicies',
  );
  const home = await orGap<{ metadata: { labels?: Record<string, string> } }>(
    `/api/v1/namespaces/${namespace}`,
    { metadata: {} },
    "the namespace's labels",
  );
  const services = new Map<string, readonly string[]>();
  for (const of of namespacesOfServices(policies.items, clusterPolicies.items, namespace)) {
    const list = await orGap<List<Service>>(`/api/v1/namespaces/${of}/services`, none, `Services of ${of}`);
    for (const { metadata, spec } of list.items)
      services.set(`${metadata.namespace}/${metadata.name}`, spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  }
  return {
    sandbox,
    namespaceLabels: home.metadata.labels ?? {},
    policies: policies.items.map(policy => ({ ...policy, kind: 'EgressPolicy' })),
    clusterPolicies: clusterPolicies.items.map(policy => ({ ...policy, kind: 'ClusterEgressPolicy' })),
    requests: requests.items.filter(({ spec }) => spec.sandbox.name === sandboxName),
    services,
    gaps,
  };
}

function namespacesOfServices(
  policies: readonly EgressPolicy[],
  clusterPolicies: readonly ClusterEgressPolicy[],
  own: string,
): ReadonlySet<string> {
  const rules = [
    ...policies.flatMap(({ spec }) => spec.allow ?? []),
    ...clusterPolicies.flatMap(({ spec }) => spec.baseline ?? []),
  ];
  const services = rules.flatMap(({ to }) => to.flatMap(({ service }) => service ?? []));
  return new Set(services.map(({ namespace = own }) => namespace));
}
