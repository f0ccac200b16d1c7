// buildah with a storage of our own in the cache, so that the machine's images are neither used nor touched.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../test/cluster/base/folders.ts';
import { runCommand } from '../../../test/cluster/base/run-command.ts';
import { withFileLock } from '../../../test/cluster/base/with-file-lock.ts';
import type { BuildContext } from '../../../test/cluster/build/build-once.ts';
import type { DebianBase } from './ensure-base.ts';

/** The name under which Dockerfiles ask for it. */
const baseName = 'docker.io/library/debian:bookworm-slim';

export function buildahCommand(): readonly [string, ...string[]] {
  const folder = join(cacheFolder(), 'image-storage');
  return ['buildah', '--root', folder, '--runroot', join('/run/creel', 'image-storage')];
}

/** Puts the base into the storage under its ordinary name, unless it is there. */
export async function provideBase(base: DebianBase, context: BuildContext): Promise<void> {
  await withFileLock(join(cacheFolder(), 'locks', 'image-storage'), context.signal, async () => {
    const marked = `localhost/creel-base:${base.key}`;
    const names = await runCommand([...buildahCommand(), 'images', '--format', '{{.Name}}:{{.Tag}}']);
    if (!names.split('\n').includes(marked)) await importBase(base, marked);
    await runCommand([...buildahCommand(), 'tag', marked, baseName]);
  });
}

async function importBase(base: DebianBase, name: string): Promise<void> {
  const container = (await runCommand([...buildahCommand(), 'from', 'scratch'])).trim();
  try {
    await runCommand([...buildahCommand(), 'add', '--quiet', container, base.tar, '/']);
    await runCommand([
      ...buildahCommand(),
      'config',
      '--cmd',
      'bash',
      '--env',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      container,
    ]);
    await runCommand([...buildahCommand(), 'commit', '--quiet', container, name]);
  } finally {
    await runCommand([...buildahCommand(), 'rm', container]);
  }
}

/** Writes the image as an OCI archive that keeps its name. */
export async function exportImage(image: string, archive: string): Promise<void> {
  const zstd = ['--compression-format', 'zstd', '--compression-level', '1'];
  await runCommand([...buildahCommand(), 'push', '--quiet', ...zstd, image, `oci-archive:${archive}:${image}`]);
  if (!existsSync(archive)) throw new Error(`buildah wrote no archive for ${image}`);
}

/** Drops it from the storage: the archive is what is kept. */
export async function forgetImage(image: string): Promise<void> {
  await runCommand([...buildahCommand(), 'rmi', image]);
}
