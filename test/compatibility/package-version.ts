import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A command that prints the version of one of this project's packages, which travels in the client's bundle. */
export function packageVersion(name: string): readonly string[] {
  const file = join(import.meta.dirname, '../../node_modules', name, 'package.json');
  return ['echo', (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version];
}
