// What the safety tests see of the tree: the files git would commit, and their imports.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = dirname(dirname(import.meta.dirname));

/** Tracked and new files, as paths from the root with forward slashes. */
export function listFiles(): string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return [...new Set(out.split('\n').filter(Boolean))].filter(path => readText(path) !== undefined);
}

/** undefined for a file that was deleted since git listed it. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'EISDIR')
      return undefined;
    throw error;
  }
}

export interface Import {
  readonly from: string;
  /** A path from the root for relative imports, else the package or node: module name. */
  readonly to: string;
  readonly relative: boolean;
}

const specifier = /(?:\bfrom|\bimport\s*\(?)\s*['"]([^'"\n]+)['"]/g;

export function importsOf(path: string): Import[] {
  const text = readText(path) ?? '';
  return [...text.matchAll(specifier)].map(match => {
    const target = match[1] ?? '';
    const relative = target.startsWith('.');
    return { from: path, to: relative ? normalize(join(dirname(path), target)) : target, relative };
  });
}
