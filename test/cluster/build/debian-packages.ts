import { ClusterError } from '../base/cluster-error.ts';
import { cacheFolder } from '../base/folders.ts';
import { CommandError, runCommand } from '../base/run-command.ts';
import { withFileLock } from '../base/with-file-lock.ts';
import type { BuildContext } from './build-once.ts';
import { runWithProgress } from './run-with-progress.ts';

/** Installs the Debian packages that are missing; where there is no apt-get it says what to install instead. */
export async function ensureDebianPackages(packages: readonly string[], context: BuildContext): Promise<void> {
  if ((await missingOf(packages)).length === 0) return;
  await withFileLock(`${cacheFolder()}/locks/debian`, context.signal, async () => {
    const missing = await missingOf(packages);
    if (missing.length === 0) return;
    context.progress(`installing Debian packages: ${missing.join(' ')}`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    // Another apt-get may hold dpkg's lock; apt-get itself can wait for it.
    const patience = ['-o', 'DPkg::Lock::Timeout=300'];
    await runWithProgress(
      { what: 'apt-get update', command: ['apt-get', ...patience, '-qq', 'update'], cwd: '/', env },
      context,
    );
    await runWithProgress(
      {
        what: 'apt-get install',
        command: ['apt-get', ...patience, '-qq', 'install', '--yes', '--no-install-recommends', ...missing],
        cwd: '/',
        env,
      },
      context,
    );
  });
}

async function missingOf(packages: readonly string[]): Promise<readonly string[]> {
  try {
    const listed = await runCommand(['dpkg-query', '--show', '--showformat=${Package} ${db:Status-Abbrev}\n']);
    const installed = new Set(listed.split('\n').flatMap(line => (line.endsWith(' ii ') ? [line.split(' ')[0]] : [])));
    return packages.filter(name => !installed.has(name));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new ClusterError(
      `This is no Debian-like system (dpkg-query is missing), so the packages cannot be installed for you. ` +
        `Install what provides them and run on Debian or Ubuntu, or use another cluster (CREEL_KUBECONFIG=PATH): ${packages.join(' ')}.`,
    );
  }
}
