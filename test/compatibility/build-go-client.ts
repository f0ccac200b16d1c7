import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../cluster/base/run-command.ts';
import { buildOnce } from '../cluster/build/build-once.ts';
import { goVersion } from '../cluster/build/go-module.ts';

const source = join(import.meta.dirname, 'scripts', 'get.go');

/** The Go client, static; answers its path. */
export async function buildGoClient(): Promise<string> {
  const context = {
    progress: (line: string) => void process.stderr.write(`compatibility: ${line}\n`),
    signal: new AbortController().signal,
  };
  const build = async (folder: string) => {
    const env = { ...process.env, CGO_ENABLED: '0' };
    await runCommand(['go', 'build', '-trimpath', '-o', join(folder, 'get'), source], { env });
  };
  const inputs = [await goVersion(), readFileSync(source, 'utf8')];
  return join(await buildOnce({ name: 'compatibility-go', inputs, build }, context), 'get');
}
