// Compiles the addon with gcc when its source has changed; images and tests call this, the sidecar itself only loads it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

const source = join(import.meta.dirname, 'original-destination.c');
const root = dirname(dirname(import.meta.dirname));

/** Path of the compiled addon. */
export function buildAddon(): string {
  const include = join(root, 'node_modules', `node-linux-${process.arch}`, 'include', 'node');
  const key = createHash('sha256').update(readFileSync(source)).update(process.arch).digest('hex').slice(0, 16);
  const target = join(import.meta.dirname, 'build', `original-destination-${key}.node`);
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  const flags = [
    '-shared',
    '-fPIC',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-D_FORTIFY_SOURCE=2',
    '-fstack-protector-strong',
    '-Wl,-z,relro,-z,now',
  ];
  execFileSync('gcc', [...flags, `-isystem${include}`, source, '-o', unfinished], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(unfinished, target);
  return target;
}
