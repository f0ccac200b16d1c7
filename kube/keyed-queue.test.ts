import { setImmediate } from 'node:timers/promises';
import { array, assert, asyncProperty, boolean, constantFrom, integer, nat, record } from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { KeyedQueue, type KeyedQueueOptions } from './keyed-queue.ts';
import { ManualClock } from './testing/manual-clock.ts';
import type { Key, ReconcileResult } from './types.ts';

function queueOf(reconcile: (key: Key) => Promise<ReconcileResult>, options: Partial<KeyedQueueOptions> = {}) {
  const clock = new ManualClock();
  const end = new AbortController();
  const retries: number[] = [];
  const queue = new KeyedQueue({
    reconciler: { name: 'test', reconcile },
    workers: 2,
    clock,
    random: () => 0.5,
    signal: end.signal,
    onFailure: (_key, _error, retryInMs) => retries.push(retryInMs),
    ...options,
  });
  return { queue, clock, end, retries };
}
const done: ReconcileResult = { type: 'Done' };

test('in any interleaving no key runs twice at once, workers are bounded, and each change is seen by a later run', async () => {
  const step = record({ key: constantFrom('a', 'b', 'c'), delayMs: nat(2), fails: boolean(), finish: nat(3) });
  await assert(
    asyncProperty(array(step, { maxLength: 25 }), integer({ min: 1, max: 3 }), async (steps, workers) => {
      const running = new Set<Key>();
      const changed = new Map<Key, number>();
      const seen = new Map<Key, number>();
      const failing = steps.map(({ fails }) => fails);
      const gates: (() => void)[] = [];
      const reconcile = async (key: Key): Promise<ReconcileResult> => {
        expect(running.has(key)).toBe(false);
        running.add(key);
        expect(running.size).toBeLessThanOrEqual(workers);
        const version = changed.get(key) ?? 0;
        await new Promise<void>(finish => gates.push(finish));
        running.delete(key);
        if (failing.pop()) throw new Error('made to fail');
        seen.set(key, version);
        return done;
      };
      const { queue, clock } = queueOf(reconcile, { workers });
      for (const { key, delayMs, finish } of steps) {
        changed.set(key, (changed.get(key) ?? 0) + 1);
        if (delayMs === 0) queue.add(key);
        else queue.addAfter(key, delayMs);
        gates.splice(finish, 1)[0]?.();
        await setImmediate();
        clock.advance(1);
      }
      for (let round = 0; round < 2 * steps.length + 2; round++) {
        clock.advance(100_000);
        for (const finish of gates.splice(0)) finish();
        await setImmediate();
      }
      expect(queue.size).toBe(0);
      expect(seen).toEqual(changed);
    }),
    { numRuns: 100 },
  );
});

test('a key added several times while it waits runs once', async () => {
  const ran: Key[] = [];
  const { queue, clock } = queueOf(async key => {
    ran.push(key);
    return done;
  });
  queue.addAfter('a', 50);
  queue.addAfter('a', 20);
  queue.addAfter('a', 90);
  clock.advance(19);
  expect(ran).toEqual([]);
  clock.advance(100);
  await queue.idle();
  expect(ran).toEqual(['a']);
});

test('failures come back later and later, and a success starts anew', async () => {
  let failures = 3;
  const { queue, clock, retries } = queueOf(async () => {
    if (failures-- > 0) throw new Error('made to fail');
    return done;
  });
  queue.add('a');
  for (let round = 0; round < 4; round++) {
    await queue.idle();
    clock.advance(1_000);
  }
  await queue.idle();
  expect(retries).toEqual([75, 150, 300]);
  failures = 1;
  queue.add('a');
  await queue.idle();
  expect(retries.at(-1)).toBe(75);
});

test('the API server says when to come back', async () => {
  const { queue, retries } = queueOf(async () => {
    throw new ApiError({ status: 429, reason: 'TooManyRequests', message: '', retryAfterMs: 5_000 });
  });
  queue.add('a');
  await queue.idle();
  expect(retries).toEqual([5_000]);
});

test('nothing begins after the signal, and what had begun is waited for', async () => {
  const gate = Promise.withResolvers<void>();
  const ran: Key[] = [];
  const { queue, end } = queueOf(
    async key => {
      ran.push(key);
      await gate.promise;
      return done;
    },
    { workers: 1 },
  );
  queue.add('a');
  queue.add('b');
  end.abort();
  queue.add('c');
  let isIdle = false;
  const idle = queue.idle().then(() => {
    isIdle = true;
  });
  expect(isIdle).toBe(false);
  gate.resolve();
  await idle;
  expect(ran).toEqual(['a']);
});
