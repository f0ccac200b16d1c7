import { describe, expect, test } from 'vitest';
import { step, type WatchedObject, type WatchInput, type WatchState } from './watch-state.ts';

interface Named extends WatchedObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}
const object = (name: string, resourceVersion: string): Named => ({ metadata: { name, resourceVersion } });
const failure = (status: number) => ({ status, reason: 'X', message: 'x' });
type State = WatchState<Named>;
type Input = WatchInput<Named>;
const listed: State = { phase: 'Listed', resourceVersion: '7' };
const watching: State = { phase: 'Watching', resourceVersion: '7' };
const listing: State = { phase: 'Listing', items: [object('a', '1')], continueToken: 't' };

describe('the state after', () => {
  test.each<[string, State, Input, State]>([
    ['the first of two pages', { phase: 'Empty' }, page([object('a', '1')], 't'), listing],
    ['the last page', listing, page([object('b', '2')]), listed],
    ['the watch opened', listed, { type: 'Opened' }, watching],
    ['an event', watching, event('MODIFIED', object('a', '9')), { phase: 'Watching', resourceVersion: '9' }],
    [
      'a bookmark',
      watching,
      { type: 'Event', event: { type: 'BOOKMARK', resourceVersion: '12' } },
      { phase: 'Watching', resourceVersion: '12' },
    ],
    ['the server ended the watch', watching, { type: 'Ended', lastedMs: 290_000 }, listed],
    ['silence', watching, { type: 'Silent' }, listed],
    ['a broken connection', watching, { type: 'Failed', failure: failure(0) }, listed],
    ['410 when the watch was opened', listed, { type: 'Failed', failure: failure(410) }, { phase: 'Empty' }],
    [
      '410 inside the stream',
      watching,
      { type: 'Event', event: { type: 'ERROR', failure: failure(410) } },
      { phase: 'Empty' },
    ],
    [
      'an error inside the stream',
      watching,
      { type: 'Event', event: { type: 'ERROR', failure: failure(500) } },
      listed,
    ],
    ['an expired continue token', listing, { type: 'Failed', failure: failure(410) }, { phase: 'Empty' }],
    ['a page that failed', listing, { type: 'Failed', failure: failure(500) }, { phase: 'Empty' }],
  ])('%s', (_what, state, input, expected) => {
    expect(step(state, input).state).toEqual(expected);
  });
});

test('half a list changes nothing, the whole one replaces everything', () => {
  expect(step<Named>({ phase: 'Empty' }, page([object('a', '1')], 't')).change).toBeUndefined();
  expect(step(listing, page([object('b', '2')])).change).toEqual({
    type: 'Replace',
    objects: [object('a', '1'), object('b', '2')],
  });
});

test.each<[string, Input, number | undefined]>([
  ['a stream that lived long', { type: 'Ended', lastedMs: 290_000 }, undefined],
  ['a half-open connection', { type: 'Silent' }, undefined],
  ['a stream that ended at once', { type: 'Ended', lastedMs: 3 }, 0],
  ['a failure', { type: 'Failed', failure: failure(500) }, 0],
  ['an overloaded server', { type: 'Failed', failure: { ...failure(429), retryAfterMs: 4_000 } }, 4_000],
])('the wait after %s', (_what, input, waitMs) => {
  const { wait } = step(watching, input);
  expect(wait && (wait.retryAfterMs ?? 0)).toBe(waitMs);
});

function page(items: readonly Named[], continueToken?: string): Input {
  return { type: 'Page', page: { items, resourceVersion: '7', ...(continueToken ? { continueToken } : {}) } };
}

function event(type: 'ADDED' | 'MODIFIED' | 'DELETED', changed: Named): Input {
  return { type: 'Event', event: { type, object: changed } };
}
