import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterError } from '../base/cluster-error.ts';
import { requireDiskSpace } from '../base/require-disk-space.ts';
import { CommandError, runCommand } from '../base/run-command.ts';
import { type BuildContext } from './build-once.ts';
import { runWithProgress } from './run-with-progress.ts';

/** What the Go build cache holds once everything here is compiled. */
const fullGoCacheMiB = 8_500;
/** The binaries and the linker's scratch files. */
const scratchMiB = 1_500;

export interface GoBuild {
  readonly what: string;
  readonly module: string;
  readonly tags: string;
  readonly ldflags: string;
  /** Package patterns; `tool` means the module's tools. */
  readonly packages: readonly string[];
  /** A folder when several packages are built, else the file. */
  readonly output: string;
}

/** The contents of a module's own files, as inputs of a cached build. */
export function goModuleInputs(module: string): readonly string[] {
  return readdirSync(module)
    .sort()
    .flatMap(file => [file, readFileSync(join(module, file), 'utf8')]);
}

/** The version of the machine's Go toolchain; a clear error where there is none. */
export async function goVersion(): Promise<string> {
  try {
    return (await runCommand(['go', 'env', 'GOVERSION'])).trim();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new ClusterError(
      'The Go toolchain is missing: the embedded cluster is compiled from Go modules once. ' +
        'Install Go 1.26 or newer and put its bin folder on PATH, or use another cluster: CREEL_KUBECONFIG=PATH.',
    );
  }
}

export async function goBuild(build: GoBuild, context: BuildContext): Promise<void> {
  await requireRoomForGoCache();
  const flags = ['-trimpath', '-tags', build.tags, '-ldflags', build.ldflags];
  await runWithProgress(
    {
      what: build.what,
      command: ['go', 'build', ...flags, '-o', build.output, ...build.packages],
      cwd: build.module,
      env: { GOFLAGS: '-buildvcs=false -mod=readonly', CGO_ENABLED: '1' },
    },
    context,
  );
}

async function requireRoomForGoCache(): Promise<void> {
  const goCache = (await runCommand(['go', 'env', 'GOCACHE'])).trim();
  await requireDiskSpace(goCache, 1, 'The Go build cache');
  const usedMiB = Number((await runCommand(['du', '--summarize', '--block-size=1M', goCache])).split('\t')[0]);
  await requireDiskSpace(goCache, Math.max(0, fullGoCacheMiB - usedMiB) + scratchMiB, 'Compiling Kubernetes');
}
