import { join } from 'node:path';
import { build } from 'esbuild';

/** The agent's own programs as single files in `folder`: the agent cannot read this project's folder on every machine. */
export async function bundleScripts(names: readonly string[], folder: string): Promise<void> {
  await build({
    entryPoints: names.map(name => join(import.meta.dirname, 'scripts', `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}
