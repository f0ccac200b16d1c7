import { copyFileSync, cpSync, existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../../test/cluster/base/run-command.ts';

/**
 * Fills the folder that a build sees as /root: the machine's npm with its settings, so that packages come from where they
 * come from on this machine. It is mounted, so nothing of it is in the image.
 */
export async function makeBuildHome(folder: string): Promise<void> {
  const npm = dirname(dirname(realpathSync((await runCommand(['which', 'npm'])).trim())));
  cpSync(npm, join(folder, 'npm'), { recursive: true });
  const settings = join(homedir(), '.npmrc');
  const lines = existsSync(settings) ? readFileSync(settings, 'utf8').split('\n') : [];
  const certificates = await npmSetting('cafile');
  if (certificates !== undefined) copyFileSync(certificates, join(folder, 'ca.pem'));
  const kept = lines.filter(line => !/^\s*(cafile|prefix|nodedir|cache|ignore-scripts)\s*=/.test(line));
  const registry = await npmSetting('registry');
  const own = [
    ...(registry === undefined ? [] : [`registry=${registry}`]),
    ...(certificates === undefined ? [] : ['cafile=/root/ca.pem']),
  ];
  writeFileSync(join(folder, '.npmrc'), [...kept, ...own, ''].join('\n'), { mode: 0o600 });
}

async function npmSetting(key: string): Promise<string | undefined> {
  const value = (await runCommand(['npm', 'config', 'get', key], { cwd: '/' })).trim();
  return value === '' || value === 'null' || value === 'undefined' ? undefined : value;
}
