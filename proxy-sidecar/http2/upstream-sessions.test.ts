import { Duplex, PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { defaultHttp2Limits } from './http2-limits.ts';
import type { DialledUpstream } from './serve-http2-options.ts';
import { permitted } from './testing/start-http2.ts';
import { UpstreamSessions } from './upstream-sessions.ts';

const permit = permitted.verdict === 'Permit' ? permitted.permit : undefined;

test.each(['h2', 'http/1.1'] as const)('a dial that succeeds after the agent has gone is let go (%s)', async alpn => {
  if (permit === undefined) throw new Error('the sample permits');
  const { promise, resolve } = Promise.withResolvers<DialledUpstream>();
  let told: AbortSignal | undefined;
  const sessions = new UpstreamSessions({
    dialUpstream: (_permit, signal) => {
      told = signal;
      return promise;
    },
    limits: defaultHttp2Limits,
    signal: new AbortController().signal,
  });
  const acquired = sessions.acquire(permit);
  await Promise.resolve();
  expect(told?.aborted).toBe(false);
  sessions.close();
  expect(told?.aborted).toBe(true);
  const stream = new PassThrough();
  resolve({ ok: true, stream, alpn });
  expect(await acquired).toEqual({ ok: false, problem: 'Aborted' });
  expect(stream.destroyed).toBe(true);
  told = undefined;
  expect(await sessions.acquire(permit)).toEqual({ ok: false, problem: 'Aborted' });
  expect(told).toBeUndefined();
});

test('streams of one tick wait for the first dial, and share what it finds', async () => {
  if (permit === undefined) throw new Error('the sample permits');
  const asked: Duplex[] = [];
  const sessions = new UpstreamSessions({
    dialUpstream: async () => {
      asked.push(new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() }));
      await Promise.resolve();
      return { ok: true, stream: asked.at(-1) ?? new PassThrough(), alpn: 'h2' };
    },
    limits: defaultHttp2Limits,
    signal: new AbortController().signal,
  });
  const acquired = await Promise.all([1, 2, 3].map(() => sessions.acquire(permit)));
  expect(acquired.map(upstream => upstream.ok && upstream.alpn === 'h2' && upstream.isFresh)).toEqual([
    true,
    false,
    false,
  ]);
  expect(asked).toHaveLength(1);
  sessions.close();
});
