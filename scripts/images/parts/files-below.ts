import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names and contents of the files below a folder, in a stable order: inputs of a cached build. */
export function filesBelow(folder: string, matches: (path: string) => boolean = () => true): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(matches)
    .sort()
    .flatMap(path => [path.slice(folder.length), readFileSync(path, 'base64')]);
}
