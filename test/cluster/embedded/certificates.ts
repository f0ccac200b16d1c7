// The cluster's certificate authorities, certificates and kubeconfigs, made by kubeadm's own phases.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { kubernetesVersion } from '../build/kube-binaries.ts';
import { apiServerPort, podCidr, serviceCidr } from './addresses.ts';
import type { ClusterLayout } from './layout.ts';
import { runForCluster } from './run-for-cluster.ts';

export async function createCertificates(layout: ClusterLayout, kube: string, address: string): Promise<void> {
  mkdirSync(layout.kubeconfigs, { recursive: true });
  writeFileSync(configPath(layout), kubeadmConfig(layout, address));
  const config = ['--config', configPath(layout)];
  await runForCluster(layout, [kube, 'kubeadm', 'init', 'phase', 'certs', 'all', ...config]);
  for (const kubeconfig of ['admin', 'super-admin', 'controller-manager', 'scheduler'])
    await runForCluster(
      layout,
      [kube, 'kubeadm', 'init', 'phase', 'kubeconfig', kubeconfig, ...config].concat(
        '--kubeconfig-dir',
        layout.kubeconfigs,
      ),
    );
}

/** A kubeconfig for a client certificate of this user, and its path. */
export async function createClientKubeconfig(
  layout: ClusterLayout,
  kube: string,
  user: string,
  groups: readonly string[],
): Promise<string> {
  const path = join(layout.kubeconfigs, `user-${[user, ...groups].map(encodeURIComponent).join('+')}.conf`);
  if (existsSync(path)) return path;
  const identity = ['--client-name', user, ...groups.flatMap(group => ['--org', group])];
  const kubeconfig = await runForCluster(layout, [
    kube,
    'kubeadm',
    'kubeconfig',
    'user',
    '--config',
    configPath(layout),
    ...identity,
  ]);
  writeFileSync(path, kubeconfig, { mode: 0o600 });
  return path;
}

function configPath(layout: ClusterLayout): string {
  return join(layout.folder, 'kubeadm.yaml');
}

function kubeadmConfig(layout: ClusterLayout, address: string): string {
  const init = {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: address, bindPort: apiServerPort },
    nodeRegistration: { name: 'control-plane', criSocket: 'unix:///unused' },
  };
  const cluster = {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    clusterName: layout.name,
    kubernetesVersion,
    certificatesDir: layout.pki,
    controlPlaneEndpoint: `${address}:${apiServerPort}`,
    // Much faster to make than RSA keys.
    encryptionAlgorithm: 'ECDSA-P256',
    apiServer: { certSANs: ['localhost', '127.0.0.1', address] },
    networking: { podSubnet: podCidr, serviceSubnet: serviceCidr },
  };
  return [init, cluster].map(document => stringify(document, { version: '1.1' })).join('---\n');
}
