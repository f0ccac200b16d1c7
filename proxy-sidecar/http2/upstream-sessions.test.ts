import { PassThrough } from 'node:stream';
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
