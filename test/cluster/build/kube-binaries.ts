// Everything of Kubernetes, CoreDNS, etcd and the NetworkPolicy controller in one static binary, and helm.
import { join } from 'node:path';
import { type BuildContext, buildOnce } from './build-once.ts';
import { ensureDebianPackages } from './debian-packages.ts';
import { goBuild, goModuleInputs, goVersion } from './go-module.ts';

export const kubernetesVersion = 'v1.35.4';

export interface KubeBinaries {
  /** `kube PROGRAM …`: apiserver, etcd, kubelet, kubectl and so on. */
  readonly kube: string;
  readonly helm: string;
}

const module = join(import.meta.dirname, '..', 'go', 'kube');
const tags = 'selinux providerless dockerless netgo osusergo';
const versionPackage = 'k8s.io/component-base/version';
const [major, minor] = kubernetesVersion.slice(1).split('.');
const kubeLdflags = [
  '-s -w',
  // Static, so that the same file also runs in a container that holds nothing else.
  '-linkmode external -extldflags -static',
  `-X ${versionPackage}.gitVersion=${kubernetesVersion} -X ${versionPackage}.gitMajor=${major} -X ${versionPackage}.gitMinor=${minor}`,
].join(' ');

export async function ensureKubeBinaries(context: BuildContext): Promise<KubeBinaries> {
  const inputs = [await goVersion(), tags, kubeLdflags, ...goModuleInputs(module)];
  const folder = await buildOnce({ name: 'kube', inputs, build: into => buildKube(into, context) }, context);
  return { kube: join(folder, 'kube'), helm: join(folder, 'helm') };
}

async function buildKube(folder: string, context: BuildContext): Promise<void> {
  await ensureDebianPackages(['gcc', 'libc6-dev'], context);
  context.progress('compiling Kubernetes: about 6 minutes the first time, kept afterwards');
  const shared = { module, tags };
  await goBuild(
    { ...shared, what: 'Kubernetes', ldflags: kubeLdflags, packages: ['.'], output: join(folder, 'kube') },
    context,
  );
  const helm = 'helm.sh/helm/v3/cmd/helm';
  await goBuild({ ...shared, what: 'helm', ldflags: '-s -w', packages: [helm], output: join(folder, 'helm') }, context);
}
