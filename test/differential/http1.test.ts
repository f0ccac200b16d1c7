// H50: what an upstream receives re-parses, by node's, Go's and Python's readers of HTTP/1.1, to what policy saw, or it
// receives nothing. CREEL_FUZZ_SEED repeats a run, CREEL_DIFFERENTIAL_RUNS lengthens it.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Comparing, startComparingHttp1 } from './compare-http1.ts';
import { http1Wires, tricks } from './http1-wires.ts';
import { type Reader, startReaders } from './start-reader.ts';

const seed = Number(process.env['CREEL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const numRuns = Number(process.env['CREEL_DIFFERENTIAL_RUNS'] ?? 300);
const timeoutMs = 60_000 + 200 * numRuns;
let readers: readonly Reader[];
let comparing: Comparing;

// Compiled and installed once.
beforeAll(async () => {
  readers = await startReaders();
  comparing = await startComparingHttp1(readers);
}, 600_000);
afterAll(() => {
  comparing?.close();
  for (const reader of readers ?? []) reader.close();
});

describe('the readers are there, and are no echo of ours', () => {
  test.each(['GET /x HTTP/1.1\r\nHost: a\r\n\r\n'])('sound: %j', async wire => {
    for (const reader of readers)
      expect(await reader.read('h1', Buffer.from(wire)), reader.name).toMatchObject({
        requests: [{ method: 'GET', target: '/x', host: 'a' }],
      });
  });
  test.each([
    'GET /x HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n',
    'GET /x\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
  ])('unsound: %j', async wire => {
    for (const reader of readers)
      expect(await reader.read('h1', Buffer.from(wire)), reader.name).toMatchObject({
        requests: [],
        problem: expect.stringMatching(/./),
      });
  });
});

test('H50 each known trick, alone and before another request', async () => {
  let arrived = 0;
  for (const trick of tricks)
    for (const behind of ['', 'GET /behind HTTP/1.1\r\nHost: good.example\r\n\r\n'])
      arrived += await comparing.check(trick + behind);
  // Some are harmless, and go on as policy saw them.
  expect(arrived).toBeGreaterThan(20);
});

test(
  'H50 whatever an agent sends',
  async () => {
    console.log(`differential http1: CREEL_FUZZ_SEED=${seed}, ${numRuns} runs`);
    let arrived = 0;
    await fc.assert(
      fc.asyncProperty(http1Wires, async wire => {
        arrived += await comparing.check(wire);
      }),
      { numRuns, seed, timeout: 20_000 },
    );
    // Without requests that pass, none could differ.
    expect(arrived).toBeGreaterThan(numRuns / 3);
  },
  timeoutMs,
);
