import { expect, test } from 'vitest';
import { createAnswerMemory } from './answer-memory.ts';
import type { Resolved } from './resolve-name.ts';

const found = (address: string, ttlSeconds = 60): Resolved => ({ ok: true, addresses: [address], ttlSeconds });
const servers = ['10.0.0.53:53'];

/** A memory with a clock of its own; `reply` is what the servers say from now on. */
function memory(maxNames?: number) {
  const state = { nowMs: 0, asked: [] as string[], reply: (): Promise<Resolved> => Promise.resolve(found('1.2.3.4')) };
  const answers = createAnswerMemory({
    ask: (name, resolvers) => {
      state.asked.push(`${name} ${resolvers.join()}`);
      return state.reply();
    },
    nowMs: () => state.nowMs,
    ...(maxNames === undefined ? {} : { maxNames }),
  });
  return { state, answers };
}

test('an answer is remembered for its time to live, ten seconds at most', async () => {
  const { state, answers } = memory();
  await answers.resolve('long.test', servers);
  state.reply = () => Promise.resolve(found('5.6.7.8', 2));
  await answers.resolve('short.test', servers);
  state.nowMs = 1999;
  expect(await answers.resolve('long.test', servers)).toEqual(found('1.2.3.4'));
  expect(await answers.resolve('short.test', servers)).toEqual(found('5.6.7.8', 2));
  expect(state.asked.length).toBe(2);
  state.nowMs = 2000;
  await answers.resolve('short.test', servers);
  expect(state.asked.length).toBe(3);
  state.nowMs = 9999;
  await answers.resolve('long.test', servers);
  expect(state.asked.length).toBe(3);
  state.nowMs = 10_000;
  expect(await answers.resolve('long.test', servers)).toEqual(found('5.6.7.8', 2));
});

test('connections that ask at the same time share one question, and its failure', async () => {
  const { state, answers } = memory();
  const pending = Promise.withResolvers<Resolved>();
  state.reply = () => pending.promise;
  const asking = [answers.resolve('a.test', servers), answers.resolve('a.test', servers)];
  pending.resolve({ ok: false, reason: 'ResolverFailed' });
  const failed = { ok: false, reason: 'ResolverFailed' };
  expect(await Promise.all(asking)).toEqual([failed, failed]);
  expect(state.asked).toEqual(['a.test 10.0.0.53:53']);
});

test('failures, names that do not exist and answers without a time to live are asked for again', async () => {
  const { state, answers } = memory();
  const replies: Resolved[] = [
    { ok: false, reason: 'NoSuchName' },
    { ok: false, reason: 'ResolverFailed' },
    { ok: false, reason: 'SyntheticAnswer' },
    found('1.2.3.4', 0),
  ];
  for (const reply of replies) {
    state.reply = () => Promise.resolve(reply);
    expect(await answers.resolve('a.test', servers)).toEqual(reply);
  }
  state.reply = () => Promise.reject(new Error('broken'));
  await expect(answers.resolve('a.test', servers)).rejects.toThrow('broken');
  state.reply = () => Promise.resolve(found('5.6.7.8'));
  expect(await answers.resolve('a.test', servers)).toEqual(found('5.6.7.8'));
  expect(state.asked.length).toBe(6);
});

test('other servers, a change of policy and addresses that do not answer are reasons to ask anew', async () => {
  const { state, answers } = memory();
  await answers.resolve('a.test', servers);
  await answers.resolve('a.test', ['10.0.0.54:53']);
  expect(state.asked).toEqual(['a.test 10.0.0.53:53', 'a.test 10.0.0.54:53']);
  answers.clear();
  await answers.resolve('a.test', ['10.0.0.54:53']);
  answers.forget('a.test');
  await answers.resolve('a.test', ['10.0.0.54:53']);
  expect(state.asked.length).toBe(4);
});

test('what was asked before a change is answered but not remembered', async () => {
  const { state, answers } = memory();
  const pending = Promise.withResolvers<Resolved>();
  state.reply = () => pending.promise;
  const before = answers.resolve('a.test', servers);
  answers.clear();
  pending.resolve(found('1.2.3.4'));
  expect(await before).toEqual(found('1.2.3.4'));
  state.reply = () => Promise.resolve(found('5.6.7.8'));
  expect(await answers.resolve('a.test', servers)).toEqual(found('5.6.7.8'));
});

test('the oldest name makes room', async () => {
  const { state, answers } = memory(2);
  for (const name of ['a.test', 'b.test', 'c.test', 'b.test', 'c.test']) await answers.resolve(name, servers);
  expect(state.asked.length).toBe(3);
  await answers.resolve('a.test', servers);
  expect(state.asked.length).toBe(4);
});
