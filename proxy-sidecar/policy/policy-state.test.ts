import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  sampleGrants,
  samplePolicy,
  sampleRoute,
  sampleRule,
  sampleTarget,
} from '../../engine/decide/testing/samples.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { openKeptFiles } from './kept-files.ts';
import type { LiveConnection } from './live-connections.ts';
import { PolicyState } from './policy-state.ts';

const route = sampleRoute('sk-very-secret');
const snapshot = (counter: number, parts: Partial<Snapshot> = {}): Snapshot => ({
  revision: { epoch: 1, counter },
  policy: samplePolicy({ rules: [sampleRule('Allow', ['a.test'])] }),
  grants: sampleGrants(),
  route,
  resolvers: ['9.9.9.9:53'],
  maxPolicyAgeMs: 60_000,
  ...parts,
});

let end: AbortController;
let clock: { nowMs: number };
let dir: string;
beforeEach(() => {
  end = new AbortController();
  clock = { nowMs: 1_000_000 };
  dir = mkdtempSync(join(tmpdir(), 'cr-state-'));
});
afterEach(() => {
  end.abort();
  rmSync(dir, { recursive: true });
});
const logged: string[] = [];
const openFiles = () => openKeptFiles(join(dir, 'proxy'), message => logged.push(message));
const newState = () =>
  new PolicyState({
    nowMs: () => clock.nowMs,
    signal: end.signal,
    log: message => logged.push(message),
    onApplied: () => undefined,
  });
const verdict = (state: PolicyState) => state.decider?.decide(sampleTarget('a.test')).verdict;

const fail = (what: string) => () => {
  throw new Error(`${what} is broken`);
};

describe('snapshots', () => {
  test('nothing is allowed before the first one, and the first must be whole', () => {
    const state = newState();
    expect(state.decider).toBeUndefined();
    const { route: _route, ...incomplete } = snapshot(1);
    expect(state.apply(incomplete)).toEqual({ ok: false, reason: 'IncompleteSnapshot' });
    expect(state.decider).toBeUndefined();
  });

  test('parts that are absent stay; an older revision and a malformed one change nothing', () => {
    const state = newState();
    expect(state.apply(snapshot(5))).toMatchObject({ ok: true });
    const {
      policy: _policy,
      route: _route,
      ...grantsOnly
    } = snapshot(6, { grants: { ...sampleGrants(), hash: 'g2' } });
    expect(state.apply(grantsOnly)).toMatchObject({ ok: true });
    expect(state.inForce).toMatchObject({ grants: { hash: 'g2' }, route: { hash: 'r' } });
    expect(state.apply(snapshot(5, { policy: samplePolicy() }))).toMatchObject({ ok: false });
    expect(state.apply(snapshot(7, { policy: samplePolicy({ neverAddresses: ['nonsense'] }) }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('nonsense'),
    });
    expect(verdict(state)).toBe('Allow');
    expect(state.revisionText).toBe('1.6');
    // A new lease epoch is newer whatever its counter.
    expect(state.apply({ ...snapshot(1), revision: { epoch: 2, counter: 1 } })).toMatchObject({ ok: true });
  });

  test('a connection that is no longer allowed is closed, once, and counted', () => {
    const state = newState();
    state.apply(snapshot(1));
    const closed: string[] = [];
    for (const name of ['a', 'b'])
      state.connections.add({ isStillAllowed: () => verdict(state) === 'Allow', close: () => closed.push(name) });
    expect(state.apply(snapshot(2))).toEqual({ ok: true, closed: 0 });
    expect(state.apply(snapshot(3, { policy: samplePolicy() }))).toEqual({ ok: true, closed: 2 });
    expect(state.apply(snapshot(4, { policy: samplePolicy() }))).toEqual({ ok: true, closed: 0 });
    expect(closed).toEqual(['a', 'b']);
  });

  test('one that throws when it is looked at or closed is cut and told of, and keeps no other from its end', () => {
    const state = newState();
    state.apply(snapshot(1));
    const closed: string[] = [];
    const connections: Record<string, LiveConnection> = {
      first: { isStillAllowed: fail('the question'), close: () => closed.push('first') },
      second: { isStillAllowed: () => false, close: fail('the end') },
      third: { isStillAllowed: () => false, close: () => closed.push('third') },
      fourth: { isStillAllowed: () => true, close: () => closed.push('fourth') },
    };
    for (const connection of Object.values(connections)) state.connections.add(connection);
    logged.length = 0;
    expect(state.apply(snapshot(2))).toEqual({ ok: true, closed: 3 });
    expect(closed).toEqual(['first', 'third']);
    expect(state.connections.size).toBe(1);
    expect(logged).toEqual([
      expect.stringContaining('the question is broken'),
      expect.stringContaining('the end is broken'),
    ]);
  });

  test('a frozen sandbox has no route', () => {
    const state = newState();
    state.apply(snapshot(1, { policy: samplePolicy({ frozen: true }) }));
    expect(state.route).toMatchObject({ reason: 'Frozen' });
  });
});

describe('age', () => {
  test('without a word from the hub for too long there is no policy, until it is back', () => {
    const state = newState();
    state.apply(snapshot(1));
    clock.nowMs += 60_001;
    expect(state.decider).toBeUndefined();
    expect(state.route).toBeUndefined();
    state.heardFromHub();
    expect(verdict(state)).toBe('Allow');
  });

  test('a restart makes no policy younger, and keeps no key', () => {
    const kept = openFiles();
    const state = new PolicyState({
      nowMs: () => clock.nowMs,
      signal: end.signal,
      log: message => logged.push(message),
      onApplied: inForce => kept.saveSnapshot(inForce, state.heardMs),
    });
    state.apply(snapshot(3));
    expect(readFileSync(join(dir, 'proxy', 'snapshot.json'), 'utf8')).not.toContain('sk-very-secret');
    clock.nowMs += 50_000;
    const loaded = openFiles().loadSnapshot();
    if (loaded === undefined) throw new Error('nothing was kept');
    const restarted = newState();
    restarted.apply(loaded.snapshot, loaded.heardMs);
    expect(verdict(restarted)).toBe('Allow');
    expect(restarted.route).toMatchObject({ reason: 'SidecarRestarted' });
    clock.nowMs += 10_001;
    expect(restarted.decider).toBeUndefined();
  });
});

test('kept names survive, a line cut off by a kill does not, and a broken snapshot counts as none', () => {
  const kept = openFiles();
  kept.addName(['28.64.0.1', 'a.test'], () => []);
  kept.addName(['28.64.0.2', 'b.test'], () => []);
  writeFileSync(join(dir, 'proxy', 'names.jsonl'), '["28.64.0.3","c.t', { flag: 'a' });
  writeFileSync(join(dir, 'proxy', 'snapshot.json'), '{"snapshot":{"rev');
  const again = openFiles();
  expect(again.loadNames()).toEqual([
    ['28.64.0.1', 'a.test'],
    ['28.64.0.2', 'b.test'],
  ]);
  expect(again.loadSnapshot()).toBeUndefined();
  writeFileSync(join(dir, 'proxy', 'snapshot.json'), '{"snapshot":{"policy":{"rules":[]}},"heardMs":1}');
  expect(again.loadSnapshot()).toBeUndefined();
  expect(logged.at(-1)).toMatch(/^the kept snapshot is none, so the operator's is waited for: /);
});

test('the file of names is written anew before it fills the volume', () => {
  const kept = openFiles();
  const living = [['28.64.0.9', 'living.test']] as const;
  for (let added = 0; added < 32_768; added++) kept.addName(['28.64.0.1', 'gone.test'], () => living);
  expect(kept.loadNames()).toHaveLength(32_768);
  kept.addName(living[0], () => living);
  expect(openFiles().loadNames()).toEqual(living);
});

test('a snapshot that is too old is looked at once more, not once a millisecond', () => {
  vi.useFakeTimers();
  try {
    const state = newState();
    state.apply(snapshot(1));
    let checks = 0;
    state.connections.add({
      isStillAllowed: () => ++checks > 0,
      close: () => undefined,
    });
    clock.nowMs += 60_001;
    vi.advanceTimersByTime(60_100);
    expect(checks).toBe(1);
    expect(state.decider).toBeUndefined();
    state.heardFromHub();
    expect(state.decider).toBeDefined();
    clock.nowMs += 60_001;
    vi.advanceTimersByTime(60_100);
    expect(checks).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});
