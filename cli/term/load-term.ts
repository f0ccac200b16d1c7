// The one door to react and ink: no other command pays for them.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { runTerm } from './run-term.tsx';

/** From the sources node strips types but knows no JSX; in the bundle there is none left. */
export async function loadTerm(env: Record<string, string | undefined>): Promise<typeof runTerm> {
  // React looks at it when it is loaded; its development build is several times as slow.
  env['NODE_ENV'] ??= 'production';
  if (import.meta.url.endsWith('.ts')) await transformTsx();
  const { runTerm: run } = await import('./run-term.tsx');
  return run;
}

async function transformTsx(): Promise<void> {
  const { transformSync } = await import('esbuild');
  registerHooks({
    load(url, context, next) {
      if (!url.endsWith('.tsx')) return next(url, context);
      const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
        loader: 'tsx',
        format: 'esm',
        jsx: 'automatic',
        target: 'esnext',
        sourcemap: 'inline',
        sourcefile: url,
      });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
}
