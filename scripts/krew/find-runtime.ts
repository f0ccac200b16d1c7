import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../images/parts/repository-root.ts';
import { type Platform, runtimeVersion } from './platforms.ts';

export interface Runtime {
  readonly node: string;
  readonly license: string;
  /** Takes away what was fetched. */
  dispose(): void;
}

/** Node for a platform: this project's own where it is the same, else fetched by npm, by name and version. */
export function findRuntime({ runtime }: Platform): Runtime {
  const own = join(repositoryRoot, 'node_modules', runtime);
  if (existsSync(join(own, 'bin/node')) && versionOf(own) === runtimeVersion)
    return { node: join(own, 'bin/node'), license: join(own, 'LICENSE'), dispose: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'creel-krew-'));
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  const packed = spawnSync('npm', ['pack', `${runtime}@${runtimeVersion}`, '--pack-destination', folder], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (packed.status !== 0) {
    dispose();
    throw new Error(`npm pack ${runtime}@${runtimeVersion} failed: ${packed.stderr}`);
  }
  const archive = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '');
  const untar = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
  if (untar.status !== 0) throw new Error(`tar -xzf ${archive} failed: ${untar.stderr}`);
  return { node: join(folder, 'package/bin/node'), license: join(folder, 'package/LICENSE'), dispose };
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
