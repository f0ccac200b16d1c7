// What a cluster with nodes has besides Kubernetes itself: names (CoreDNS) and volumes (a storage class).
import { stringify } from 'yaml';
import { emptyImage } from '../build/base-images.ts';
import { clusterDnsAddress } from './addresses.ts';
import { corefile } from './corefile.ts';
import type { ClusterLayout } from './layout.ts';
import type { ProcessSpec } from './managed-process.ts';
import { runForCluster } from './run-for-cluster.ts';

export interface AddonInputs {
  /** The kube binary; CoreDNS's pod mounts it. */
  readonly kube: string;
  /** Whom CoreDNS asks about names outside the cluster; without any such names do not exist. */
  readonly nameServers: readonly string[];
}

export function storageSpec(layout: ClusterLayout, kube: string): ProcessSpec {
  const flags = [`--kubeconfig=${layout.kubeconfig}`, `--root=${layout.volumes}`];
  return { name: 'storage', command: [kube, 'storage', ...flags], netns: layout.controlPlaneNetns };
}

export async function applyAddons(layout: ClusterLayout, inputs: AddonInputs): Promise<void> {
  const manifest = [...coreDns(inputs), storageClass]
    .map(object => stringify(object, { version: '1.1' }))
    .join('---\n');
  const apply = ['--kubeconfig', layout.kubeconfig, 'apply', '--server-side', '--filename=-'];
  await runForCluster(layout, [inputs.kube, 'kubectl', ...apply], { stdin: manifest });
}

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'creel.dev/folder',
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
};

const dnsLabels = { 'k8s-app': 'kube-dns' };
const inKubeSystem = (name: string) => ({ name, namespace: 'kube-system' });

function coreDns(inputs: AddonInputs): readonly unknown[] {
  const subject = { kind: 'ServiceAccount', ...inKubeSystem('coredns') };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inKubeSystem('coredns') },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'system:coredns' },
      rules: [
        { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'system:coredns' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
      subjects: [subject],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: inKubeSystem('coredns'),
      data: { Corefile: corefile(inputs.nameServers) },
    },
    dnsService,
    coreDnsDeployment(inputs.kube),
  ];
}

const dnsService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...inKubeSystem('kube-dns'), labels: dnsLabels },
  spec: {
    clusterIP: clusterDnsAddress,
    selector: dnsLabels,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  },
};

function coreDnsDeployment(kube: string): unknown {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...inKubeSystem('coredns'), labels: dnsLabels },
    spec: {
      replicas: 1,
      selector: { matchLabels: dnsLabels },
      template: { metadata: { labels: dnsLabels }, spec: coreDnsPod(kube) },
    },
  };
}

/** A pod, and not a process on the node, so that NetworkPolicies that name the DNS pods work as on any cluster. */
function coreDnsPod(kube: string): unknown {
  return {
    serviceAccountName: 'coredns',
    priorityClassName: 'system-cluster-critical',
    // Its own answers must not depend on itself.
    dnsPolicy: 'Default',
    containers: [
      {
        name: 'coredns',
        image: emptyImage,
        imagePullPolicy: 'Never',
        command: ['/kube', 'coredns', '-conf', '/etc/coredns/Corefile'],
        ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 53, protocol: 'TCP' },
        ],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
        },
        readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
        volumeMounts: [
          { name: 'kube', mountPath: '/kube', readOnly: true },
          { name: 'config', mountPath: '/etc/coredns', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'kube', hostPath: { path: kube, type: 'File' } },
      { name: 'config', configMap: { name: 'coredns' } },
    ],
  };
}
