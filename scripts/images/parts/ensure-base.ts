// Debian's base system, made by mmdebstrap from the machine's own apt sources: no container registry is needed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../../test/cluster/base/run-command.ts';
import { type BuildContext, buildOnce } from '../../../test/cluster/build/build-once.ts';
import { ensureDebianPackages } from '../../../test/cluster/build/debian-packages.ts';
import { runWithProgress } from '../../../test/cluster/build/run-with-progress.ts';

export interface DebianBase {
  /** The root file system, without apt sources. */
  readonly tar: string;
  /** /etc/apt as it was while the base was made; builds mount it, images never hold it. */
  readonly apt: string;
  /** Names this very base among others. */
  readonly key: string;
}

const suite = 'bookworm';

export async function ensureBase(context: BuildContext): Promise<DebianBase> {
  const inputs = [readFileSync(import.meta.filename, 'utf8'), process.arch];
  const folder = await buildOnce({ name: 'debian-base', inputs, build: into => makeBase(into, context) }, context);
  return { tar: join(folder, 'base.tar'), apt: join(folder, 'apt'), key: folder.split('-').at(-1) ?? folder };
}

async function makeBase(folder: string, context: BuildContext): Promise<void> {
  await ensureDebianPackages(['mmdebstrap', 'buildah', 'debian-archive-keyring'], context);
  const hooks = [`copy-out /etc/apt ${folder}`, 'rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*'];
  await runWithProgress(
    {
      what: 'Debian base (mmdebstrap)',
      command: [
        'mmdebstrap',
        '--variant=minbase',
        ...(await acquireOptions()).map(option => `--aptopt=${option}`),
        ...hooks.map(hook => `--customize-hook=${hook}`),
        suite,
        join(folder, 'base.tar'),
        ...sourcesOfMachine(),
      ],
      cwd: '/',
    },
    context,
  );
}

/** The machine's sources where it runs the same release; otherwise none, and mmdebstrap takes the default ones. */
function sourcesOfMachine(): readonly string[] {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^ID=debian$/m.test(release) || !new RegExp(`^VERSION_CODENAME=${suite}$`, 'm').test(release)) return [];
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : [];
  // Only what serves Debian itself: other vendors' sources would need their keys, and nothing here comes from them.
  const own = ['/etc/apt/sources.list', ...files].filter(
    file => /\.(list|sources)$/.test(file) && existsSync(file) && isDebianOnly(readFileSync(file, 'utf8')),
  );
  return own;
}

function isDebianOnly(text: string): boolean {
  const lines = text.split('\n').filter(line => /^(deb\s|Suites:)/.test(line));
  return lines.length > 0 && lines.every(line => line.includes(suite));
}

/** How the machine's apt fetches: proxies, certificates, time-outs. */
async function acquireOptions(): Promise<readonly string[]> {
  const dump = await runCommand(['apt-config', 'dump', '--no-empty', '--format', '%f "%v";%n', 'Acquire']);
  return dump.split('\n').filter(line => /^Acquire::(http|https|Check|Retries|ForceIPv|Max)/i.test(line));
}
