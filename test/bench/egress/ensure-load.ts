import { join } from 'node:path';
import { filesBelow } from '../../../scripts/images/parts/files-below.ts';
import { type BuildContext, buildOnce } from '../../cluster/build/build-once.ts';
import { goVersion } from '../../cluster/build/go-module.ts';
import { runWithProgress } from '../../cluster/build/run-with-progress.ts';

/** The load program, compiled when its sources changed; answers its path. */
export async function ensureLoad(context: BuildContext): Promise<string> {
  const module = join(import.meta.dirname, 'load');
  const build = (folder: string) =>
    runWithProgress(
      {
        what: 'load',
        command: ['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, 'load'), '.'],
        cwd: module,
        env: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' },
      },
      context,
    );
  const inputs = [await goVersion(), ...filesBelow(module, path => /(\.go|go\.mod)$/.test(path))];
  return join(await buildOnce({ name: 'bench-load', inputs, build }, context), 'load');
}
