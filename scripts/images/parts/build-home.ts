import { copyFileSync, cpSync, existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../../test/cluster/base/run-command.ts';

/**
 * Fills the folder that a build sees as /root: the machine's npm with its settings and certificates, so that packages
 * come from where they come from on this machine. It is mounted, so nothing of it is in the image.
 */
export async function makeBuildHome(folder: string): Promise<void> {
  const npm = dirname(dirname(realpathSync((await runCommand(['which', 'npm'])).trim())));
  cpSync(npm, join(folder, 'npm'), { recursive: true });
  const cafile = await npmSetting('cafile');
  if (cafile !== undefined) copyFileSync(cafile, join(folder, 'ca.pem'));
  writeFileSync(join(folder, '.npmrc'), await npmSettings(cafile !== undefined), { mode: 0o600 });
  writeFileSync(join(folder, 'build-env'), nodeCertificates(folder));
}

/** The user's settings but for those about this machine's folders. */
async function npmSettings(hasCafile: boolean): Promise<string> {
  const file = join(homedir(), '.npmrc');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const kept = lines.filter(line => !/^\s*(cafile|prefix|nodedir|cache|ignore-scripts)\s*=/.test(line));
  const registry = await npmSetting('registry');
  const own = [
    ...(registry === undefined ? [] : [`registry=${registry}`]),
    ...(hasCafile ? ['cafile=/root/ca.pem'] : []),
  ];
  return [...kept, ...own, ''].join('\n');
}

/** For the shell: the certificates that Node is told to trust on this machine beside its own. */
function nodeCertificates(folder: string): string {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (file === undefined || !existsSync(file)) return '';
  copyFileSync(file, join(folder, 'extra-ca.pem'));
  return 'export NODE_EXTRA_CA_CERTS=/root/extra-ca.pem\n';
}

async function npmSetting(key: string): Promise<string | undefined> {
  const value = (await runCommand(['npm', 'config', 'get', key], { cwd: '/' })).trim();
  return value === '' || value === 'null' || value === 'undefined' ? undefined : value;
}
