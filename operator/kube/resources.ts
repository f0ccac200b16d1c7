import { apiVersion } from '../../crds/schema/group.ts';
import type { Resource } from './types.ts';

const of = (version: string, kind: string, plural: string, namespaced = true): Resource => ({
  apiVersion: version,
  kind,
  plural,
  namespaced,
});

/** Every resource the operator touches. */
export const resources = {
  sandboxes: of(apiVersion, 'Sandbox', 'sandboxes'),
  egressPolicies: of(apiVersion, 'EgressPolicy', 'egresspolicies'),
  clusterEgressPolicies: of(apiVersion, 'ClusterEgressPolicy', 'clusteregresspolicies', false),
  inferenceProfiles: of(apiVersion, 'InferenceProfile', 'inferenceprofiles'),
  approvalRequests: of(apiVersion, 'ApprovalRequest', 'approvalrequests'),
  pods: of('v1', 'Pod', 'pods'),
  serviceAccounts: of('v1', 'ServiceAccount', 'serviceaccounts'),
  persistentVolumeClaims: of('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  services: of('v1', 'Service', 'services'),
  secrets: of('v1', 'Secret', 'secrets'),
  namespaces: of('v1', 'Namespace', 'namespaces', false),
  nodes: of('v1', 'Node', 'nodes', false),
  endpointSlices: of('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  networkPolicies: of('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  events: of('events.k8s.io/v1', 'Event', 'events'),
  leases: of('coordination.k8s.io/v1', 'Lease', 'leases'),
} as const;
