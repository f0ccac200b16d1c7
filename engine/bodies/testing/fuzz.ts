// A bounded, seeded fuzz over the saved corpus, for unit tests: CREEL_FUZZ_SEED repeats a run, CREEL_FUZZ_RUNS lengthens it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutateBytes, seededRandom } from './mutate-bytes.ts';

const defaultRuns = 5_000;

export function corpusOf(kind: 'json' | 'graphql' | 'json-rpc'): readonly Buffer[] {
  const folder = join(import.meta.dirname, 'corpus', kind);
  return readdirSync(folder)
    .sort()
    .map(name => readFileSync(join(folder, name)));
}

/** Calls `check` with every entry and then with mutations; a failure names seed and input. */
export function fuzz(
  name: string,
  corpus: readonly Buffer[],
  tokens: readonly string[],
  check: (bytes: Buffer) => void,
): void {
  const seed = Number(process.env.CREEL_FUZZ_SEED ?? Date.now() % 1_000_000_000);
  const runs = Number(process.env.CREEL_FUZZ_RUNS ?? defaultRuns);
  console.log(`fuzz ${name}: CREEL_FUZZ_SEED=${seed}, ${runs} runs`);
  const random = seededRandom(seed);
  for (const entry of corpus) check(entry);
  for (let run = 0; run < runs; run++) {
    const bytes = mutateBytes(corpus, tokens, random);
    try {
      check(bytes);
    } catch (error) {
      throw new Error(`seed ${seed}, run ${run}: ${bytes.toString('base64')}`, { cause: error });
    }
  }
}
