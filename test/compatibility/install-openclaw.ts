import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../scripts/images/parts/repository-root.ts';
import { runCommand } from '../cluster/base/run-command.ts';
import { buildOnce } from '../cluster/build/build-once.ts';

/** OpenClaw as npm installs it, of the version and with the scripts that its image has; answers the package's folder. */
export async function installOpenclaw(): Promise<string> {
  const context = {
    progress: (line: string) => void process.stderr.write(`compatibility: ${line}\n`),
    signal: new AbortController().signal,
  };
  const dockerfile = readFileSync(join(repositoryRoot, 'images', 'openclaw', 'Dockerfile'), 'utf8');
  const wanted = /openclaw@[\w.-]+/.exec(dockerfile)?.[0];
  const scripts = /--allow-scripts=\S+/.exec(dockerfile)?.[0];
  if (wanted === undefined || scripts === undefined)
    throw new Error('images/openclaw/Dockerfile installs no openclaw@…');
  const flags = ['--ignore-scripts=false', scripts, '--no-audit', '--no-fund', '--loglevel=error'];
  const build = async (folder: string) => {
    // Its scripts ask for the Node they will run under.
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
    await runCommand(['npm', 'install', '--global', '--prefix', folder, ...flags, wanted], { env });
  };
  const folder = await buildOnce({ name: 'compatibility-openclaw', inputs: [wanted, scripts], build }, context);
  return join(folder, 'lib', 'node_modules', 'openclaw');
}
