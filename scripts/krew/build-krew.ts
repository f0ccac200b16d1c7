import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packNpm } from '../package/pack-npm.ts';
import { findRuntime } from './find-runtime.ts';
import { type KrewArchive, krewManifest } from './krew-manifest.ts';
import type { Platform } from './platforms.ts';

export interface KrewBuild {
  /** Path of creel.yaml. */
  readonly manifest: string;
  readonly archives: readonly KrewArchive[];
}

/** An archive per platform (bundle, Node, licences) and the manifest that names them with their digests. */
export async function buildKrew(out: string, platforms: readonly Platform[], baseUrl: string): Promise<KrewBuild> {
  mkdirSync(out, { recursive: true });
  const { folder, version } = await packNpm(out);
  const archives = platforms.map(platform => {
    const stage = join(out, platform.name);
    rmSync(stage, { recursive: true, force: true });
    cpSync(folder, stage, { recursive: true });
    const runtime = findRuntime(platform);
    cpSync(runtime.node, join(stage, 'node'));
    cpSync(runtime.license, join(stage, 'LICENSE-node'));
    runtime.dispose();
    cpSync(join(import.meta.dirname, 'kubectl-creel.sh'), join(stage, 'kubectl-creel'));
    for (const name of ['node', 'kubectl-creel']) chmodSync(join(stage, name), 0o755);
    const file = join(out, `kubectl-creel-${version}-${platform.name}.tar.gz`);
    archive(stage, file);
    rmSync(stage, { recursive: true });
    return { platform, file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
  });
  const manifest = join(out, 'creel.yaml');
  writeFileSync(
    manifest,
    krewManifest(version, archives, file => `${baseUrl}/v${version}/${basename(file)}`),
  );
  return { manifest, archives };
}

/** The same files make the same bytes: no names, no times, no order of this machine. */
function archive(folder: string, file: string): void {
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
  const done = spawnSync('tar', [...fixed, '--use-compress-program=gzip -n -6', '-cf', file, '-C', folder, '.'], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`tar -cf ${file} failed: ${done.stderr}`);
}
