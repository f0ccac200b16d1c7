import { readFileSync } from 'node:fs';
import { UserError } from '../user-error.ts';

/** A file's text; `-` is stdin. */
export function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node ends with the call and the path again.
    throw new UserError(`cannot read ${file}: ${message.replace(/^[A-Z]+: |, (open|read).*$/g, '')}`);
  }
}
