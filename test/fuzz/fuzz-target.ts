import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One parser under fire: sound inputs to start from, and what must hold whatever becomes of them. */
export interface FuzzTarget {
  readonly name: string;
  readonly corpus: readonly Buffer[];
  /** Put in whole: what a mutation of single bytes would hardly ever spell. */
  readonly tokens: readonly string[];
  /** Throws when the parser throws, disagrees with an independent reader, or contradicts itself. */
  readonly check: (bytes: Buffer) => void;
}

export function corpusOf(name: string): readonly Buffer[] {
  const folder = join(import.meta.dirname, 'corpus', name);
  return readdirSync(folder)
    .toSorted()
    .map(file => readFileSync(join(folder, file)));
}

/** One entry a line, for parsers of short texts. */
export function linesOf(name: string): readonly Buffer[] {
  return corpusOf(name)
    .flatMap(file => file.toString('utf8').split('\n'))
    .filter(line => line !== '')
    .map(line => Buffer.from(line));
}
