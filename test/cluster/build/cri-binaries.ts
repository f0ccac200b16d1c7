// What runs containers: containerd, its shim, ctr, runc with seccomp, and the CNI plugins.
import { join } from 'node:path';
import { type BuildContext, buildOnce } from './build-once.ts';
import { ensureDebianPackages } from './debian-packages.ts';
import { goBuild, goModuleInputs, goVersion } from './go-module.ts';

const module = join(import.meta.dirname, '..', 'go', 'cri');
const tags = 'seccomp netgo osusergo no_btrfs no_zfs no_aufs';

/** The folder that holds them all under their own names. */
export async function ensureCriBinaries(context: BuildContext): Promise<string> {
  const inputs = [await goVersion(), tags, ...goModuleInputs(module)];
  return buildOnce({ name: 'cri', inputs, build: folder => buildCri(folder, context) }, context);
}

async function buildCri(folder: string, context: BuildContext): Promise<void> {
  await ensureDebianPackages(['gcc', 'libc6-dev', 'libseccomp-dev', 'pkg-config'], context);
  context.progress('compiling containerd and runc: about 2 minutes the first time, kept afterwards');
  await goBuild(
    { what: 'containerd and runc', module, tags, ldflags: '-s -w', packages: ['tool'], output: `${folder}/` },
    context,
  );
}
