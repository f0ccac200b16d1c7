// `npm run generate` writes the generated files; `-- --check` only says which are stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateAll } from './generate-all.ts';

const root = dirname(dirname(import.meta.dirname));
const check = process.argv.includes('--check');
const stale = [...(await generateAll())].filter(([path, text]) => read(path) !== text);
for (const [path, text] of stale) {
  process.stdout.write(`${check ? 'stale' : 'wrote'} ${path}\n`);
  if (check) continue;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
if (check && stale.length > 0) {
  process.stdout.write('run: npm run generate\n');
  process.exit(1);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
