import { join } from 'node:path';
import { type BuildContext, buildOnce } from '../../../test/cluster/build/build-once.ts';
import { goVersion } from '../../../test/cluster/build/go-module.ts';
import { runWithProgress } from '../../../test/cluster/build/run-with-progress.ts';
import { filesBelow } from './files-below.ts';

/** A static program of the Go module in a folder, compiled when its sources changed; answers its path. */
export async function ensureGoProgram(name: string, module: string, context: BuildContext): Promise<string> {
  const sources = filesBelow(module, path => /(\.go|go\.mod|go\.sum)$/.test(path) && !path.endsWith('_test.go'));
  const build = (folder: string) =>
    runWithProgress(
      {
        what: name,
        command: ['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, name), '.'],
        cwd: module,
        env: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' },
      },
      context,
    );
  const folder = await buildOnce({ name, inputs: [await goVersion(), ...sources], build }, context);
  return join(folder, name);
}
