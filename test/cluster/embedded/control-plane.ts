// etcd, the API server, the controller manager and the scheduler, all in the control plane's namespace.
import { join } from 'node:path';
import { waitUntil } from '../base/wait-until.ts';
import { apiServerPort, podCidr, serviceCidr } from './addresses.ts';
import { apiRequest } from './api-request.ts';
import type { ClusterLayout } from './layout.ts';
import { logTail, type ProcessSpec } from './managed-process.ts';

const etcdUrl = 'http://127.0.0.1:2379';

export function etcdSpec(layout: ClusterLayout, kube: string, fsync: boolean): ProcessSpec {
  const peerUrl = 'http://127.0.0.1:2380';
  return spec(layout, 'etcd', kube, [
    '--name=etcd',
    `--data-dir=${layout.etcd}`,
    '--log-level=warn',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=etcd=${peerUrl}`,
    // As kubeadm sets it: without it a kind of which nothing changes gets no bookmarks, and its watches look dead.
    '--watch-progress-notify-interval=5s',
    ...(fsync ? [] : ['--unsafe-no-fsync']),
  ]);
}

export function apiServerSpec(layout: ClusterLayout, kube: string, address: string): ProcessSpec {
  const pki = (file: string) => join(layout.pki, file);
  return spec(layout, 'apiserver', kube, [
    `--advertise-address=${address}`,
    `--secure-port=${apiServerPort}`,
    `--etcd-servers=${etcdUrl}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    // Nobody else is there to take over, and a restart should not wait for connections to drain.
    '--shutdown-delay-duration=0s',
    // Watches over HTTP/1.1 would otherwise hold the end back for a minute.
    '--shutdown-watch-termination-grace-period=1s',
    `--client-ca-file=${pki('ca.crt')}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    // Webhooks and aggregated APIs are reached at the pods' own addresses: no kube-proxy runs in this namespace.
    '--enable-aggregator-routing=true',
    `--proxy-client-cert-file=${pki('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${pki('front-proxy-client.key')}`,
    `--requestheader-client-ca-file=${pki('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  ]);
}

export function controllerManagerSpec(layout: ClusterLayout, kube: string): ProcessSpec {
  const pki = (file: string) => join(layout.pki, file);
  return spec(layout, 'controller-manager', kube, [
    ...kubeconfigFlags(layout, 'controller-manager'),
    '--leader-elect=false',
    `--cluster-cidr=${podCidr}`,
    // The nodes' pod ranges are fixed by the address plan, in their CNI configuration.
    '--allocate-node-cidrs=false',
    `--service-cluster-ip-range=${serviceCidr}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--service-account-private-key-file=${pki('sa.key')}`,
    '--use-service-account-credentials=true',
  ]);
}

export function schedulerSpec(layout: ClusterLayout, kube: string): ProcessSpec {
  return spec(layout, 'scheduler', kube, [...kubeconfigFlags(layout, 'scheduler'), '--leader-elect=false']);
}

export async function waitForApiServer(
  layout: ClusterLayout,
  signal?: AbortSignal,
  /** Called before each look: starts it again where it has given up, as the kubelet would a static pod. */
  keepUp: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const superAdmin = join(layout.kubeconfigs, 'super-admin.conf');
  const ask = async () => {
    await keepUp();
    return (await apiRequest(superAdmin, 'GET', '/readyz')).status === 200 ? true : undefined;
  };
  await waitUntil(ask, {
    what: 'the API server to be ready',
    timeoutMs: 60_000,
    explain: () => logTail(layout, 'apiserver'),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** kubeadm's admin.conf is an ordinary user until its group is bound to cluster-admin. */
export async function bindAdministrators(layout: ClusterLayout): Promise<void> {
  const response = await apiRequest(
    join(layout.kubeconfigs, 'super-admin.conf'),
    'POST',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'kubeadm:cluster-admins' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'kubeadm:cluster-admins' }],
    },
  );
  if (response.status !== 201 && response.status !== 409)
    throw new Error(`cannot bind the administrators' group: ${response.status} ${response.body}`);
}

function kubeconfigFlags(layout: ClusterLayout, component: string): readonly string[] {
  const path = join(layout.kubeconfigs, `${component}.conf`);
  return ['--kubeconfig', '--authentication-kubeconfig', '--authorization-kubeconfig'].map(flag => `${flag}=${path}`);
}

function spec(layout: ClusterLayout, program: string, kube: string, flags: readonly string[]): ProcessSpec {
  return { name: program, command: [kube, program, ...flags], netns: layout.controlPlaneNetns };
}
