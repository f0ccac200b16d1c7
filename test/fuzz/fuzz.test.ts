// A bounded share of what `npm run soak -- fuzz` does. CREEL_FUZZ_SEED repeats a run, CREEL_FUZZ_MS lengthens it.
import { expect, test } from 'vitest';
import { allTargets } from './all-targets.ts';
import { readByLlhttp } from './llhttp.ts';
import { runTarget } from './run-target.ts';

const seed = Number(process.env['CREEL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const forMs = Number(process.env['CREEL_FUZZ_MS'] ?? 350);
const leastMutations = 50;
console.log(`fuzz: CREEL_FUZZ_SEED=${seed}, ${forMs} ms of each target`);

test.each(allTargets.map(target => [target.name, target] as const))(
  'R11, D13 %s holds whatever the bytes, and no input costs more than it is long',
  (_name, target) => {
    expect(target.corpus.length).toBeGreaterThan(2);
    const untilMs = performance.now() + forMs;
    // Also where the corpus alone has taken the time, on a busy machine.
    const least = target.corpus.length + leastMutations;
    const { executions } = runTarget(target, seed, done => done >= least && performance.now() >= untilMs);
    expect(executions).toBeGreaterThanOrEqual(least);
  },
);

test('the independent reader of heads is there, reads what is sound and refuses what is not', () => {
  expect(readByLlhttp(Buffer.from('GET /x HTTP/1.1\r\nHost: a\r\n\r\n'), 'request')).toMatchObject({
    method: 'GET',
    target: '/x',
    fields: ['Host', 'a'],
  });
  expect(readByLlhttp(Buffer.from('GET /x HTTP/1.1\r\nHost : a\r\n\r\n'), 'request')).toBeUndefined();
});

test('a failure names seed and input', () => {
  const broken = { name: 'broken', corpus: [Buffer.from('x')], tokens: [], check: () => expect.fail('no') };
  expect(() => runTarget(broken, 7, () => true)).toThrow('broken: CREEL_FUZZ_SEED=7, run 0, input (base64) eA==');
});
