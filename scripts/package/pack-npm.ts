import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../images/parts/repository-root.ts';
import { buildCli } from './build-cli.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

export interface NpmPackage {
  /** The unpacked package. */
  readonly folder: string;
  /** What `npm install` takes. */
  readonly tarball: string;
  readonly version: string;
}

const files = join(repositoryRoot, 'scripts/package/files');

/** The npm package kubectl-creel below `out`: no dependency, nothing to compile, `kubectl creel` once installed. */
export async function packNpm(out: string): Promise<NpmPackage> {
  const folder = join(out, 'npm');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const inputs = await buildCli(join(folder, 'dist'));
  const { version, description, license } = JSON.parse(
    readFileSync(join(repositoryRoot, 'package.json'), 'utf8'),
  ) as Manifest;
  for (const name of ['kubectl-creel', 'kubectl_complete-creel']) {
    cpSync(join(files, `${name}.mjs`), join(folder, 'bin', `${name}.mjs`));
    chmodSync(join(folder, 'bin', `${name}.mjs`), 0o755);
  }
  cpSync(join(repositoryRoot, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(repositoryRoot, 'docs/cli.md'), join(folder, 'README.md'));
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(inputs));
  const manifest = {
    name: 'kubectl-creel',
    version,
    description,
    license,
    type: 'module',
    engines: { node: '>=24' },
    bin: { 'kubectl-creel': 'bin/kubectl-creel.mjs', 'kubectl_complete-creel': 'bin/kubectl_complete-creel.mjs' },
    files: ['bin', 'dist', 'THIRD-PARTY-NOTICES'],
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const packed = spawnSync('npm', ['pack', '--json', '--pack-destination', out], { cwd: folder, encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.stderr}`);
  return { folder, tarball: join(out, `kubectl-creel-${version}.tgz`), version };
}

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
}
