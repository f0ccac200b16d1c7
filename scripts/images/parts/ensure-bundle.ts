import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type BuildContext, buildOnce } from '../../../test/cluster/build/build-once.ts';
import { filesBelow } from './files-below.ts';
import { repositoryRoot } from './repository-root.ts';

export interface BundleSpec {
  /** Of the file: NAME.mjs. */
  readonly name: string;
  /** Relative to the repository. */
  readonly entry: string;
  /** Top folders whose files may end up in it. */
  readonly folders: readonly string[];
}

export const sidecarBundle: BundleSpec = {
  name: 'sidecar',
  entry: 'proxy-sidecar/main.ts',
  folders: ['protocol', 'engine', 'proxy-sidecar'],
};

export const operatorBundle: BundleSpec = {
  name: 'operator',
  entry: 'operator/main.ts',
  folders: ['crds/schema', 'protocol', 'engine', 'kube', 'operator', 'policies'],
};

export const webhookBundle: BundleSpec = {
  name: 'webhook',
  entry: 'webhook/main.ts',
  folders: ['crds/schema', 'protocol', 'engine', 'kube', 'webhook'],
};

/** One file of JavaScript with everything but node's own modules; answers its path. */
export async function ensureBundle({ name, entry, folders }: BundleSpec, context: BuildContext): Promise<string> {
  const sources = folders.flatMap(folder => [
    folder,
    ...filesBelow(join(repositoryRoot, folder), path => !/\.(test\.ts|node|golden\..*)$/.test(path)),
  ]);
  const inputs = [readFileSync(import.meta.filename, 'utf8'), lockfile(), ...sources];
  const bundle = async (folder: string) => {
    await build({
      entryPoints: [join(repositoryRoot, entry)],
      outfile: join(folder, `${name}.mjs`),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      legalComments: 'none',
      // V8 keeps the source in memory, two bytes a character as soon as one comment has a curly quote: 4 MB of the operator's.
      minifyWhitespace: true,
      minifySyntax: true,
      // Packages that are still CommonJS call `require` for node's own modules.
      banner: {
        js: "import { createRequire as creelRequire } from 'node:module'; const require = creelRequire(import.meta.url);",
      },
      logLevel: 'error',
    });
  };
  const folder = await buildOnce({ name: `bundle-${name}`, inputs, build: bundle }, context);
  return join(folder, `${name}.mjs`);
}

function lockfile(): string {
  return readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8');
}
