// H22: what an upstream receives of an agent's HTTP/2 re-parses, by nghttp2 (node), Go and Python's h2, or their readers of
// HTTP/1.1 where upstream speaks that, to what policy saw, or it receives nothing. CREEL_FUZZ_SEED repeats a run.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ComparingHttp2, startComparingHttp2 } from './compare-http2.ts';
import { http2Messages } from './http2-fields.ts';
import { type Reader, startReaders } from './start-reader.ts';

const seed = Number(process.env['CREEL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const numRuns = Number(process.env['CREEL_DIFFERENTIAL_RUNS'] ?? 100);
const timeoutMs = 60_000 + 200 * numRuns;
let readers: readonly Reader[];

// Compiled and installed once.
beforeAll(async () => {
  readers = await startReaders();
}, 600_000);
afterAll(() => {
  for (const reader of readers ?? []) reader.close();
});

describe.each(['h2', 'h1'] as const)('H22 towards an upstream that speaks %s', kind => {
  let comparing: ComparingHttp2;
  beforeAll(async () => {
    comparing = await startComparingHttp2(kind, readers);
  });
  afterAll(() => comparing?.close());

  test(
    'whatever an agent sends',
    async () => {
      console.log(`differential ${kind}: CREEL_FUZZ_SEED=${seed}, ${numRuns} runs`);
      let arrived = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(http2Messages, { minLength: 1, maxLength: 3 }), async messages => {
          arrived += await comparing.check(messages);
        }),
        { numRuns, seed, timeout: 20_000 },
      );
      // Without requests that pass, none could differ.
      expect(arrived).toBeGreaterThan(numRuns / 3);
    },
    timeoutMs,
  );
});
