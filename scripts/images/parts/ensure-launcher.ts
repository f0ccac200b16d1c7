import { join } from 'node:path';
import { type BuildContext, buildOnce } from '../../../test/cluster/build/build-once.ts';
import { goVersion } from '../../../test/cluster/build/go-module.ts';
import { runWithProgress } from '../../../test/cluster/build/run-with-progress.ts';
import { filesBelow } from './files-below.ts';
import { repositoryRoot } from './repository-root.ts';

/** The static launcher, compiled when its sources changed; answers its path. */
export async function ensureLauncher(context: BuildContext): Promise<string> {
  const module = join(repositoryRoot, 'launcher');
  const sources = filesBelow(module, path => /(\.go|go\.mod|go\.sum)$/.test(path) && !path.endsWith('_test.go'));
  const build = (folder: string) =>
    runWithProgress(
      {
        what: 'launcher',
        command: ['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, 'launcher'), '.'],
        cwd: module,
        env: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' },
      },
      context,
    );
  const folder = await buildOnce({ name: 'launcher', inputs: [await goVersion(), ...sources], build }, context);
  return join(folder, 'launcher');
}
