// The images that the cluster itself needs: the pause process of every pod, a root for programs that come as a mounted
// file, and busybox for tests of the cluster.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../base/run-command.ts';
import { type BuildContext, buildOnce } from './build-once.ts';
import { ensureDebianPackages } from './debian-packages.ts';
import { ociArchive } from './oci-archive.ts';

export const pauseImage = 'creel.local/pause:1';
export const emptyImage = 'creel.local/empty:1';
export const busyboxImage = 'creel.local/busybox:1';

const pauseSource = join(import.meta.dirname, '..', 'pause.c');

/** The archive of the images every node has. */
export async function ensureNodeImages(context: BuildContext): Promise<readonly string[]> {
  const inputs = [readFileSync(pauseSource, 'utf8'), readFileSync(import.meta.filename, 'utf8')];
  const build = async (folder: string) => {
    await ensureDebianPackages(['gcc', 'libc6-dev'], context);
    const pause = join(folder, 'pause');
    await runCommand(['gcc', '-Os', '-static', '-s', '-Wall', '-Werror', '-o', pause, pauseSource]);
    const files = [{ path: 'pause', content: readFileSync(pause), mode: 0o755 }];
    writeFileSync(
      join(folder, 'pause.tar'),
      ociArchive({ reference: pauseImage, files, config: { Entrypoint: ['/pause'] } }),
    );
    const marker = [{ path: 'etc/empty', content: Buffer.alloc(0), mode: 0o644 }];
    writeFileSync(join(folder, 'empty.tar'), ociArchive({ reference: emptyImage, files: marker, config: {} }));
  };
  const folder = await buildOnce({ name: 'node-images', inputs, build }, context);
  return [join(folder, 'pause.tar'), join(folder, 'empty.tar')];
}

/** The archive of an image with a shell and the usual tools, for tests of the cluster itself. */
export async function ensureBusyboxImage(context: BuildContext): Promise<string> {
  await ensureDebianPackages(['busybox-static'], context);
  const busybox = readFileSync('/bin/busybox');
  const build = async (folder: string) => {
    const files = [{ path: 'bin/busybox', content: busybox, mode: 0o755 }];
    const config = { Entrypoint: ['/bin/busybox', 'sleep', 'infinity'], Env: ['PATH=/bin'] };
    writeFileSync(join(folder, 'busybox.tar'), ociArchive({ reference: busyboxImage, files, config }));
  };
  const inputs = [busybox.toString('latin1'), readFileSync(import.meta.filename, 'utf8')];
  return join(await buildOnce({ name: 'busybox-image', inputs, build }, context), 'busybox.tar');
}
