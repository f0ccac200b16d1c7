// Builds Creel's images without Docker and without a registry, each once for its inputs.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../test/cluster/base/folders.ts';
import { requireDiskSpace } from '../../test/cluster/base/require-disk-space.ts';
import { type BuildContext, buildOnce } from '../../test/cluster/build/build-once.ts';
import { runWithProgress } from '../../test/cluster/build/run-with-progress.ts';
import { type ImageName, type ImageSpec, imageSpecs } from './image-specs.ts';
import { makeBuildHome } from './parts/build-home.ts';
import { buildahCommand, exportImage, forgetImage, provideBase } from './parts/buildah.ts';
import { type DebianBase, ensureBase } from './parts/ensure-base.ts';
import { repositoryRoot } from './parts/repository-root.ts';

/** Older archives of an image that are kept for whoever still uses them. */
const keptArchives = 2;

export function imageReference(name: ImageName): string {
  return `creel.local/${name}:dev`;
}

/** Answers the OCI archives of the images, in the order asked for. */
export async function buildImages(names: readonly ImageName[], context: BuildContext): Promise<readonly string[]> {
  const base = await ensureBase(context);
  return Promise.all(names.map(name => ensureImage(name, base, context)));
}

async function ensureImage(name: ImageName, base: DebianBase, context: BuildContext): Promise<string> {
  const spec = imageSpecs[name];
  const dockerfile = join(repositoryRoot, 'images', name, 'Dockerfile');
  const files = await spec.files(context);
  const inputs = [
    base.key,
    readFileSync(dockerfile, 'utf8'),
    ...Object.entries(files).flatMap(([target, path]) => [target, digestOf(path)]),
  ];
  const build = (folder: string) =>
    buildImage(
      { name, spec, files: { ...files, Dockerfile: dockerfile }, archive: join(folder, 'image.tar') },
      base,
      context,
    );
  const folder = await buildOnce({ name: `image-${name}`, inputs, build }, context);
  prune(`image-${name}-`, folder);
  return join(folder, 'image.tar');
}

interface ImageBuild {
  readonly name: ImageName;
  readonly spec: ImageSpec;
  readonly files: Readonly<Record<string, string>>;
  readonly archive: string;
}

async function buildImage({ name, spec, files, archive }: ImageBuild, base: DebianBase, context: BuildContext) {
  await requireDiskSpace(cacheFolder(), 4_000, `Building the image ${name}`);
  await provideBase(base, context);
  const scratch = mkdtempSync(join(tmpdir(), 'creel-image-'));
  try {
    const contextFolder = join(scratch, 'context');
    const home = join(scratch, 'home');
    for (const folder of [contextFolder, home]) mkdirSync(folder);
    for (const [target, path] of Object.entries(files)) copyFileSync(path, join(contextFolder, target));
    if (spec.npm) await makeBuildHome(home);
    const image = imageReference(name);
    const mounts = [`--volume=${base.apt}:/etc/apt:ro`, `--volume=${home}:/root`];
    // Steps that took minutes to fetch are kept, so that a changed file does not fetch again.
    const flags = ['--isolation=chroot', `--layers=${spec.npm}`, '--pull-never', ...(spec.squash ? ['--squash'] : [])];
    await runWithProgress(
      {
        what: `image ${name}`,
        command: [...buildahCommand(), 'bud', ...flags, ...mounts, '--tag', image, contextFolder],
        cwd: contextFolder,
      },
      context,
    );
    await exportImage(image, archive);
    if (!spec.npm) await forgetImage(image);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Each change of a source makes a new archive: the oldest go. */
function prune(prefix: string, current: string): void {
  const cache = cacheFolder();
  const others = readdirSync(cache)
    .filter(entry => entry.startsWith(prefix) && !entry.endsWith('.partial') && join(cache, entry) !== current)
    .map(entry => join(cache, entry))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of others.slice(keptArchives)) rmSync(folder, { recursive: true, force: true });
}
