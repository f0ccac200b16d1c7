import { describe, expect, test } from 'vitest';
import { bench, sampleRequest, sampleSandbox } from '../testing/samples.ts';

const rows = (at: ReturnType<typeof bench>) => at.state().rows.requests.map(({ uid }) => uid);
const decisions = (at: ReturnType<typeof bench>) => at.effects.filter(effect => effect.type === 'Decide');
const notice = (at: ReturnType<typeof bench>) => at.state().notice?.text ?? '';

const target = (at: ReturnType<typeof bench>) => (at.state().dialog?.type === 'Decide' ? at.state().dialog : undefined);
const approved = (status: object) =>
  sampleRequest('a', { decision: { verdict: 'Approve', for: '5m' }, status: { phase: 'Enforced', ...status } });

describe('the list', () => {
  test('has what waits first, newest first, one host together, and what is over only with e', () => {
    const at = bench();
    at.put(
      sampleRequest('old', { host: 'a.example', ageMs: 90_000 }),
      sampleRequest('new', { host: 'b.example', ageMs: 10_000 }),
      sampleRequest('mid', { host: 'a.example', ageMs: 5_000 }),
      sampleRequest('granted', { status: { phase: 'Enforced' }, ageMs: 1_000 }),
      sampleRequest('denied', { status: { phase: 'Denied' }, ageMs: 1_000 }),
    );
    expect(rows(at)).toEqual(['mid', 'old', 'new', 'granted']);
    expect(at.state().rows.requests.map(({ group }) => group.place)).toEqual(['First', 'Last', 'Only', 'Only']);
    at.press('e');
    expect(rows(at)).toEqual(['mid', 'old', 'new', 'granted', 'denied']);
  });

  test('keeps a row in its place when its request is decided or deleted, until the user moves on', () => {
    const at = bench();
    at.put(
      sampleRequest('a', { ageMs: 1_000 }),
      sampleRequest('b', { ageMs: 2_000 }),
      sampleRequest('c', { ageMs: 3_000 }),
    );
    at.put(sampleRequest('b', { ageMs: 2_000, status: { phase: 'Denied' } }));
    at.send({ type: 'Requests', change: { type: 'Remove', object: sampleRequest('a', { ageMs: 1_000 }) } });
    expect(rows(at)).toEqual(['a', 'b', 'c']);
    expect(at.state().rows.requests[0]?.isGone).toBe(true);
    at.press('down', 'down');
    expect(rows(at)).toEqual(['c']);
  });

  test('a relist takes away what was deleted unseen', () => {
    const at = bench();
    at.put(sampleRequest('a'), sampleRequest('b'));
    at.send({ type: 'Requests', change: { type: 'Replace', objects: [sampleRequest('b')] } });
    expect(at.state().rows.requests.find(({ uid }) => uid === 'a')?.isGone).toBe(true);
  });

  test('is narrowed by words as they are typed, and escape takes the filter back', () => {
    const at = bench();
    at.put(
      sampleRequest('a', { host: 'api.github.com' }),
      sampleRequest('b', { host: 'pypi.org', binary: '/usr/bin/python3' }),
    );
    at.press('/', 'P', 'y', 't');
    expect(rows(at)).toEqual(['b']);
    at.press('enter');
    expect(at.state().filters.requests).toBe('Pyt');
    at.press('escape');
    expect(rows(at)).toHaveLength(2);
  });

  test('enter on a sandbox shows only its requests, again all', () => {
    const at = bench();
    const objects = [sampleSandbox('box'), sampleSandbox('other')];
    at.send({ type: 'Sandboxes', change: { type: 'Replace', objects } });
    at.put(sampleRequest('a', { sandbox: 'box' }), sampleRequest('b', { sandbox: 'other' }));
    at.press('backTab', 'enter');
    expect(rows(at)).toEqual(['a']);
    expect(at.state().focus).toBe('requests');
    at.press('backTab', 'enter');
    expect(rows(at)).toHaveLength(2);
  });
});

describe('a tired finger', () => {
  test('decides on the row it selected, whatever arrives above it', () => {
    const at = bench();
    at.put(sampleRequest('mine', { ageMs: 50_000 }));
    at.press('home');
    for (let count = 0; count < 40; count++) at.put(sampleRequest(`new${count}`, { ageMs: 40_000 - count }));
    const { top, cursor } = at.state();
    expect(cursor.requests).toBe('mine');
    expect(rows(at)[top.requests]).toBe('mine');
    at.press('a');
    expect(target(at)).toMatchObject({ targets: [{ metadata: { uid: 'mine' } }] });
  });

  test.each(['a', 'd', 's', 'A', 'D'])('%s begins nothing within 0.3 s of the first row appearing', key => {
    const at = bench();
    at.pass(60_000);
    at.put(sampleRequest('sudden'));
    at.pass(-850);
    at.press(key);
    expect(target(at)).toBeUndefined();
    expect(notice(at)).toContain('the list moved just as you pressed');
    at.press(key);
    expect(target(at)).toBeDefined();
  });

  test('a flood of requests by an agent does not lock the keys', () => {
    const at = bench();
    at.put(sampleRequest('mine', { ageMs: 50_000 }));
    at.press('home');
    at.pass(990);
    for (let count = 0; count < 40; count++) at.put(sampleRequest(`flood${count}`, { ageMs: 40_000 - count }));
    at.pass(-990);
    at.press('d');
    expect(target(at)).toMatchObject({ verdict: 'Deny', targets: [{ metadata: { uid: 'mine' } }] });
  });

  test('a confirmation quicker than reading decides nothing', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a');
    at.pass(-800);
    at.press('enter');
    expect(decisions(at)).toEqual([]);
    expect(notice(at)).toContain('quicker than anyone reads');
    at.press('enter');
    expect(decisions(at)).toHaveLength(1);
  });

  test('on a terminal too small to show the question no key asks or answers it', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a');
    at.send({ type: 'Resized', size: { columns: 40, rows: 10 } });
    at.press('enter', 'escape', 'd', 'enter');
    expect(decisions(at)).toEqual([]);
    at.send({ type: 'Resized', size: { columns: 80, rows: 24 } });
    at.pass(-900);
    at.press('enter');
    expect(decisions(at)).toEqual([]);
    at.send({ type: 'Resized', size: { columns: 40, rows: 10 } });
    at.press('q');
    expect(at.effects).toEqual([{ type: 'Quit' }]);
  });

  test('a clock that is set back locks no key', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.pass(-3_600_000);
    at.press('a');
    expect(target(at)).toBeDefined();
  });

  test('a decision that is being sent is not sent twice', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a', 'enter', 'a');
    expect(target(at)).toBeUndefined();
    expect(notice(at)).toContain('still being sent');
  });

  test('what comes in one burst or by paste decides nothing', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a\r');
    at.send({ type: 'Pasted', text: 'a\r\r' });
    expect(at.state().dialog).toBeUndefined();
    at.press('a');
    at.send({ type: 'Pasted', text: '\r' });
    at.press('\ry');
    expect(decisions(at)).toEqual([]);
  });

  test('over a slow line a filter still is a filter, and no letter of it a command', () => {
    const at = bench();
    at.put(sampleRequest('a', { host: 'dada.example' }), sampleRequest('b'));
    at.press('/dad\r');
    expect(at.state().dialog).toBeUndefined();
    expect(rows(at)).toEqual(['a']);
    at.press('escape', 'jd');
    expect(at.state().dialog).toBeUndefined();
    expect(at.state().cursor.requests).toBe('b');
  });

  test('a held key moves', () => {
    const at = bench();
    at.put(sampleRequest('a', { ageMs: 1 }), sampleRequest('b', { ageMs: 2 }), sampleRequest('c', { ageMs: 3 }));
    at.press('jj');
    expect(at.state().cursor.requests).toBe('c');
  });

  test('a request that was decided or deleted behind an open dialog is not decided on', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a');
    at.put(sampleRequest('a', { status: { phase: 'Superseded' } }));
    at.press('enter');
    expect(notice(at)).toContain('nothing was decided');
    expect(decisions(at)).toEqual([]);
  });

  test('decides nothing while the sandboxes have the focus', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('backTab', 'a');
    expect(target(at)).toBeUndefined();
    expect(notice(at)).toContain('Tab to the requests');
  });
});

describe('approve', () => {
  test('enter is the narrowest scope and the shortest time', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a', 'enter');
    expect(decisions(at)).toMatchObject([
      { verdict: 'Approve', targets: [{ metadata: { uid: 'a' } }], options: { for: '5m', scope: 'Binary' } },
    ]);
  });

  test('a refused request is approved as the requests that were tried', () => {
    const at = bench();
    at.put(sampleRequest('a', { reason: 'RequestNotAllowed', status: { samples: ['POST /graphql'] } }));
    at.press('a', 'enter');
    expect(decisions(at)).toMatchObject([{ options: { scope: 'Request' } }]);
  });

  test('time and scope are chosen with arrows or digits; nothing without an end is offered', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a', 'right', 'tab', '2', 'enter');
    expect(decisions(at)).toMatchObject([{ options: { for: '1h', scope: 'Endpoint' } }]);
    at.put(sampleRequest('b'));
    at.press('home', 'j', 'a');
    const { dialog } = at.state();
    expect(dialog?.type === 'Decide' && dialog.durations).not.toContain('forever');
  });

  test('A takes those that are listed and only with y; one that comes later is not among them', () => {
    const at = bench();
    at.put(sampleRequest('a', { host: 'h.example' }), sampleRequest('b', { host: 'h.example' }), sampleRequest('c'));
    at.press('g', 'A');
    at.put(sampleRequest('late', { host: 'h.example' }));
    at.press('enter');
    expect(decisions(at)).toEqual([]);
    at.press('y');
    const [decided] = decisions(at);
    const targets = decided?.type === 'Decide' ? decided.targets : [];
    expect(targets.map(({ metadata }) => metadata.uid).toSorted()).toEqual(['a', 'b']);
  });

  test('a GPU has no scope to choose', () => {
    const at = bench();
    at.put(sampleRequest('g', { gpu: { resource: 'nvidia.com/gpu', count: 1 } }));
    at.press('a', 'enter');
    expect(decisions(at)).toMatchObject([{ verdict: 'Approve', options: { for: '5m' } }]);
    expect(decisions(at)[0]).not.toHaveProperty('options.scope');
  });
});

test('deny carries its reason; invisible characters do not get into it', () => {
  const at = bench();
  at.put(sampleRequest('a'));
  at.press('d', 'n', 'o');
  at.send({ type: 'Pasted', text: ' way\n\u001b[31m\u202e\u200b!' });
  at.press('enter');
  expect(decisions(at)).toMatchObject([{ verdict: 'Deny', options: { reason: 'no way [31m!' } }]);
});

test.each([
  ['r on what waits', {}, 'r', 'only an approval can be revoked'],
  [
    'a on what is approved',
    { decision: { verdict: 'Approve', for: '1h' }, status: { phase: 'Enforced' } },
    'a',
    'it is approved already',
  ],
  [
    'a on what expired',
    { decision: { verdict: 'Approve', for: '1h' }, status: { phase: 'Expired' } },
    'a',
    'it is over',
  ],
  ['d on what is denied', { decision: { verdict: 'Deny' }, status: { phase: 'Denied' } }, 'd', 'it is denied already'],
] as const)('%s says why not', (_what, options, key, expected) => {
  const at = bench();
  at.press('e');
  at.put(sampleRequest('a', options));
  at.press(key);
  expect(at.state().dialog).toBeUndefined();
  expect(notice(at)).toContain(expected);
});

describe('what became of a decision', () => {
  test('is said when the sidecar enforces it, with the milliseconds measured', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a', 'enter');
    expect(notice(at)).toContain('sending');
    at.pass(40);
    at.send({ type: 'Outcome', uid: 'a', outcome: { type: 'Stored' } });
    expect(notice(at)).toContain('not in force yet');
    at.pass(6);
    at.put(approved({ enforcedInMs: 8 }));
    expect(notice(at)).toBe('a.example:443 for my-assistant: Enforced in 8 ms (46 ms after your key)');
  });

  test('an effect that is seen before the answer stays', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a', 'enter');
    at.put(approved({ enforcedInMs: 8 }));
    at.send({ type: 'Outcome', uid: 'a', outcome: { type: 'Stored' } });
    expect(at.state().sent.get('a')?.state).toBe('InForce');
  });

  test('a refusal is said in the API server words and stays until a key', () => {
    const at = bench();
    at.put(sampleRequest('a'));
    at.press('a', 'enter');
    at.send({ type: 'Outcome', uid: 'a', outcome: { type: 'Refused', message: 'bob may not approve' } });
    at.pass(60_000);
    at.send({ type: 'Tick' });
    expect(notice(at)).toContain('REFUSED: bob may not approve');
  });

  test('an approval that has no effect says why', () => {
    const at = bench();
    at.send({
      type: 'Sandboxes',
      change: { type: 'Put', object: sampleSandbox('my-assistant', { phase: 'Suspended' }) },
    });
    at.put(sampleRequest('a'));
    at.press('a', 'enter');
    at.send({ type: 'Outcome', uid: 'a', outcome: { type: 'Stored' } });
    at.pass(4_000);
    at.send({ type: 'Tick' });
    expect(notice(at)).toContain('not in force: the sandbox is Suspended');
  });

  test('of several is counted', () => {
    const at = bench();
    at.put(sampleRequest('a', { host: 'h.example' }), sampleRequest('b', { host: 'h.example' }));
    at.press('D', 'enter');
    at.put(sampleRequest('a', { host: 'h.example', decision: { verdict: 'Deny' }, status: { phase: 'Denied' } }));
    at.send({ type: 'Outcome', uid: 'b', outcome: { type: 'Refused', message: 'no' } });
    expect(notice(at)).toBe('Deny: 1 of 2 in force, 1 REFUSED: no');
  });
});

test('who has not touched a key for a while sees the newest, and the selected row stays in sight', () => {
  const at = bench();
  at.put(sampleRequest('mine', { ageMs: 50_000 }));
  at.press('home');
  at.pass(20_000);
  for (let count = 0; count < 5; count++) at.put(sampleRequest(`new${count}`, { ageMs: 40_000 - count }));
  expect(at.state().top.requests).toBe(0);
  expect(at.state().cursor.requests).toBe('mine');
});

test('n follows all namespaces and back, and shows nothing of the other meanwhile', () => {
  const at = bench();
  at.put(sampleRequest('a'));
  at.press('n');
  expect(at.effects.at(-1)).toEqual({ type: 'Follow', namespace: undefined });
  expect(rows(at)).toEqual([]);
  at.press('n');
  expect(at.effects.at(-1)).toEqual({ type: 'Follow', namespace: 'agents' });
});
