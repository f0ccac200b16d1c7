import { expect, test } from 'vitest';
import { type Asked, createDenialReports, type Denial } from '../session/denial-reports.ts';
import { type HoldOptions, holdForDecision } from './hold-for-decision.ts';
import { HoldSlots } from './hold-slots.ts';

const denial: Denial = { host: 'a.test', port: 443, reason: 'NotListed', sample: 'a.test:443' };

function start(options: Partial<HoldOptions<string>> = {}, slots = new HoldSlots(2)) {
  const end = new AbortController();
  const listeners = new Set<() => void>();
  const denials = createDenialReports(Date.now, () => undefined, end.signal);
  void denials.report(denial);
  const [frame] = denials.take();
  const state: { now: string | undefined; looks: number } = { now: undefined, looks: 0 };
  const policy = {
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const look = async () => {
    state.looks++;
    return state.now;
  };
  const context = { policy, denials, holds: slots, signal: end.signal } as unknown as Parameters<
    typeof holdForDecision
  >[1];
  const held = holdForDecision({ holdMs: 30_000, denial, look, isClientThere: async () => true, ...options }, context);
  const change = (now?: string) => {
    state.now = now;
    for (const listener of listeners) listener();
  };
  const answer = (asked: Asked) => denials.answered(frame?.id ?? 0, asked);
  return { held, change, answer, denials, end, slots, state, listeners };
}
const untilMs = Date.now() + 60_000;

test('released by the change that allows it, and not by others', async () => {
  const { held, change, answer, slots, listeners } = start();
  answer({ approval: 'apr-1' });
  change();
  expect(slots.taken).toBe(1);
  change('allowed');
  expect(await held).toEqual({ kind: 'Decided', now: 'allowed' });
  expect([slots.taken, listeners.size]).toEqual([0, 0]);
});

test.each<[string, Asked]>([
  ['refused by a person', { approval: 'apr-1', standing: { verdict: 'Denied', untilMs } }],
  ['put off', { approval: 'apr-1', standing: { verdict: 'Snoozed', untilMs } }],
  ['of which nobody is asked', { reason: 'TooManyRequests' }],
])('it does not wait for a question %s', async (_what, asked) => {
  const { held, answer, slots } = start();
  answer(asked);
  expect(await held).toEqual({ kind: 'Answered' });
  expect(slots.taken).toBe(0);
});

test('a refusal that comes later ends it too, and an approval just before counts', async () => {
  const { held, answer, denials } = start();
  answer({ approval: 'apr-1' });
  denials.decided('apr-1', { verdict: 'Denied', untilMs });
  expect(await held).toEqual({ kind: 'Answered' });
  const other = start();
  other.state.now = 'allowed';
  other.answer({ approval: 'apr-1', standing: { verdict: 'Denied', untilMs } });
  expect(await other.held).toEqual({ kind: 'Decided', now: 'allowed' });
});

test('the time is over, the agent has gone, the sidecar stops', async () => {
  expect(await start({ holdMs: 20 }).held).toEqual({ kind: 'TimedOut' });
  expect(await start({ isClientThere: async () => false }).held).toEqual({ kind: 'ClientGone' });
  const { held, end } = start();
  end.abort();
  expect(await held).toEqual({ kind: 'TimedOut' });
});

test('one more than there are places waits not at all', async () => {
  const slots = new HoldSlots(1);
  const first = start({}, slots);
  expect(await start({}, slots).held).toEqual({ kind: 'TooManyHeld' });
  first.change('allowed');
  await first.held;
  expect(slots.taken).toBe(0);
});
