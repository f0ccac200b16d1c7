import type { ApprovalRequest } from '../crds/schema/approval-request.ts';
import type { ClusterEgressPolicy } from '../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../crds/schema/egress-policy.ts';
import { group, version } from '../crds/schema/group.ts';
import type { InferenceProfile } from '../crds/schema/inference-profile.ts';
import type { Sandbox } from '../crds/schema/sandbox.ts';
import { secrets } from '../kube/tls/secret.ts';
import type { KubeObject, ResourceRef } from '../kube/types.ts';
import type { EndpointSlice, Namespace, Node, Pod, Service } from './core-types.ts';

/** Every resource the operator touches: the install's RBAC lists the same ones. */
export const resources = {
  sandboxes: creel<Sandbox>('Sandbox', 'sandboxes'),
  egressPolicies: creel<EgressPolicy>('EgressPolicy', 'egresspolicies'),
  clusterEgressPolicies: {
    ...creel<ClusterEgressPolicy>('ClusterEgressPolicy', 'clusteregresspolicies'),
    namespaced: false,
  },
  inferenceProfiles: creel<InferenceProfile>('InferenceProfile', 'inferenceprofiles'),
  approvalRequests: creel<ApprovalRequest>('ApprovalRequest', 'approvalrequests'),
  namespaces: { ...core<Namespace>('Namespace', 'namespaces'), namespaced: false },
  nodes: { ...core<Node>('Node', 'nodes'), namespaced: false },
  pods: core<Pod>('Pod', 'pods'),
  services: core<Service>('Service', 'services'),
  secrets,
  serviceAccounts: core<KubeObject>('ServiceAccount', 'serviceaccounts'),
  persistentVolumeClaims: core<KubeObject>('PersistentVolumeClaim', 'persistentvolumeclaims'),
  endpointSlices: named<EndpointSlice>('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  networkPolicies: named<KubeObject>('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  tokenReviews: {
    ...named<KubeObject>('authentication.k8s.io', 'v1', 'TokenReview', 'tokenreviews'),
    namespaced: false,
  },
  subjectAccessReviews: {
    ...named<KubeObject>('authorization.k8s.io', 'v1', 'SubjectAccessReview', 'subjectaccessreviews'),
    namespaced: false,
  },
} as const;

function creel<T extends KubeObject>(kind: string, plural: string): ResourceRef<T> {
  return named(group, version, kind, plural);
}

function core<T extends KubeObject>(kind: string, plural: string): ResourceRef<T> {
  return named('', 'v1', kind, plural);
}

function named<T extends KubeObject>(
  apiGroup: string,
  apiVersion: string,
  kind: string,
  plural: string,
): ResourceRef<T> {
  return { group: apiGroup, version: apiVersion, kind, plural, namespaced: true };
}
