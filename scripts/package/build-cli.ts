import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { repositoryRoot } from '../images/parts/repository-root.ts';

/**
 * The command line as plain JavaScript in `folder`: main.mjs and the parts that only some commands load, the presets beside them.
 * Answers the files that went into it, relative to the repository.
 */
export async function buildCli(folder: string): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: { main: join(repositoryRoot, 'cli/main.ts') },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: repositoryRoot,
    bundle: true,
    // React, client-node and the schemas are loaded by the commands that need them and by no other.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    jsx: 'automatic',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Only sources need it; a screen without React's inspector is none the worse.
    external: ['esbuild', 'react-devtools-core'],
    banner: {
      js: "import { createRequire as creelRequire } from 'node:module'; const require = creelRequire(import.meta.url);",
    },
    metafile: true,
    logLevel: 'error',
  });
  cpSync(join(repositoryRoot, 'policies/presets'), join(folder, 'presets'), {
    recursive: true,
    filter: source => !source.endsWith('.ts'),
  });
  return Object.keys(metafile.inputs);
}
