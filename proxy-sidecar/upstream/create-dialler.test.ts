import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { Permit } from '../../engine/decide/permit.ts';
import { createDialler } from './create-dialler.ts';

test('Upstream connections of a sandbox are counted together: over HTTP/2 a connection of the agent may want a hundred', async () => {
  const server = createServer(socket => socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const permit = { verdict: 'Permit', host: 'a.test', port, addresses: ['127.0.0.1'] } as unknown as Permit;
  const forgotten: string[] = [];
  const answers = {
    resolve: () => Promise.reject(new Error('a permit has its addresses')),
    forget: (name: string) => void forgotten.push(name),
  };
  const dial = createDialler({ decider: undefined, inForce: undefined }, answers, 2);
  const { signal } = new AbortController();
  const outcomes = await Promise.all([dial(permit, signal), dial(permit, signal), dial(permit, signal)]);
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false]);
  expect(outcomes[2]).toMatchObject({ reason: 'Unreachable', message: expect.stringContaining('2 upstream') });
  const [first] = outcomes;
  if (first?.ok) await once(first.socket.destroy(), 'close');
  const failed = await dial({ ...permit, host: 'b.test', addresses: [] }, signal);
  expect(failed.ok).toBe(false);
  // What did not answer is asked for anew; being too many is no reason to.
  expect(forgotten).toEqual(['b.test']);
  const again = await dial(permit, signal);
  expect(again.ok).toBe(true);
  for (const outcome of [...outcomes, again]) if (outcome.ok) outcome.socket.destroy();
  server.close();
});

test('A dial that throws gives its place back', async () => {
  const policy = {
    decider: {},
    inForce: { upstreamProxy: { host: 'proxy.test', port: 3128 }, resolvers: [] },
  } as unknown as Parameters<typeof createDialler>[0];
  const answers = {
    resolve: () => Promise.reject(new Error('the resolver’s socket cannot be opened')),
    forget: () => undefined,
  };
  const dial = createDialler(policy, answers, 1);
  const permit = { verdict: 'Permit', via: 'Proxy', host: 'a.test', port: 443, addresses: [] } as unknown as Permit;
  const { signal } = new AbortController();
  for (let n = 0; n < 3; n++) await expect(dial(permit, signal)).rejects.toThrow('cannot be opened');
});
