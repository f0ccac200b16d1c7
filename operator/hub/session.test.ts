import { describe, expect, test } from 'vitest';
import type { DownFrame, UpFrame } from '../../protocol/session.ts';
import type { FullSnapshot } from './full-snapshot.ts';
import { type AskedAnswer, Session, type SessionEvents } from './session.ts';

const peer = { sandboxUid: 'u1', namespace: 'team', sandbox: 'a', podUid: 'p1', address: '10.0.0.9' };

function snapshot(
  counter: number,
  parts: { policy?: string; grants?: readonly string[]; route?: string } = {},
): FullSnapshot {
  const grants = parts.grants ?? [];
  return {
    revision: { epoch: 3, counter },
    policy: {
      hash: parts.policy ?? 'p',
      onUnlisted: 'Ask',
      holdMs: 0,
      identity: 'Process',
      frozen: false,
      rules: [],
      neverAddresses: [],
    },
    grants: { hash: `g:${grants.join()}`, items: grants.map(id => ({ id, host: 'h.example', port: 443 })) },
    route: { hash: parts.route ?? 'r', reason: 'NoProfile', message: 'none' },
    credentials: { hash: 'c', items: [] },
    resolvers: ['10.96.0.10:53'],
    maxPolicyAgeMs: 1000,
  };
}

function start() {
  const sent: DownFrame[] = [];
  const log: unknown[] = [];
  const answers: ((answer: AskedAnswer) => void)[] = [];
  const transport = {
    buffered: 0,
    ended: false,
    send: (line: string) => void sent.push(JSON.parse(line) as DownFrame),
    bufferedBytes: () => transport.buffered,
    end: () => void (transport.ended = true),
  };
  const events: SessionEvents = {
    hello: (_peer, { sidecar }) => void log.push(['hello', sidecar]),
    acked: (_peer, revision, grants) => void log.push(['acked', revision.counter, grants]),
    report: (_peer, frame) => void log.push(frame.type),
    denial: (_peer, frame, answer) => {
      log.push(['denial', frame.host, frame.hits]);
      answers.push(answer);
    },
  };
  const session = new Session(peer, transport, events, { controlPort: 8443, forbiddenPort: 8444, address: '10.0.0.2' });
  const say = (frame: UpFrame) => session.receive(JSON.stringify(frame));
  const hello = () => say({ type: 'hello', protocol: 1, sidecar: 'test' });
  const snapshots = () => sent.flatMap(frame => (frame.type === 'snapshot' ? [frame.snapshot] : []));
  const ack = (counter: number) => {
    const full = snapshot(counter);
    say({
      type: 'ack',
      revision: full.revision,
      hashes: { policy: 'p', grants: full.grants.hash, route: 'r' },
      closed: 0,
    });
  };
  return { session, transport, sent, log, answers, say, hello, snapshots, ack };
}

test('nothing goes down before hello; then the welcome, then the snapshot', () => {
  const { session, sent, hello } = start();
  session.offer(snapshot(1));
  expect(sent).toEqual([]);
  hello();
  expect(sent.map(({ type }) => type)).toEqual(['welcome', 'snapshot']);
  expect(sent[0]).toMatchObject({ protocol: 1, sandbox: 'team/a', canaryAddress: '10.0.0.2', forbiddenPort: 8444 });
});

test('the first snapshot is whole, later ones carry the parts that changed', () => {
  const { session, hello, snapshots } = start();
  hello();
  session.offer(snapshot(1));
  session.offer(snapshot(2, { grants: ['apr-1'] }));
  session.offer(snapshot(3, { grants: ['apr-1'], route: 'r2' }));
  const parts = snapshots().map(({ policy, grants, route }) => [!!policy, !!grants, !!route]);
  expect(parts).toEqual([
    [true, true, true],
    [false, true, false],
    [false, false, true],
  ]);
});

test('a lower or equal revision is never sent', () => {
  const { session, hello, snapshots } = start();
  hello();
  session.offer(snapshot(5));
  session.offer(snapshot(5, { policy: 'other' }));
  session.offer(snapshot(4));
  expect(snapshots().map(({ revision }) => revision.counter)).toEqual([5]);
});

test('after a nack the next snapshot is whole again', () => {
  const { session, hello, say, snapshots } = start();
  hello();
  session.offer(snapshot(1));
  say({ type: 'nack', revision: { epoch: 3, counter: 1 }, reason: 'no' });
  session.offer(snapshot(2));
  expect(snapshots()[1]).toMatchObject({ policy: { hash: 'p' }, grants: {}, route: {} });
});

test('a peer that does not read gets the newest snapshot once it reads again, and lost answers are counted', () => {
  const { session, hello, say, snapshots, transport, answers } = start();
  hello();
  transport.buffered = 2 * 1024 * 1024;
  session.offer(snapshot(1));
  session.offer(snapshot(2));
  say({ type: 'denial', id: 7, host: 'h.example', port: 443, reason: 'NotListed', hits: 1, sample: '' });
  answers[0]?.({ approval: 'apr-1' });
  expect(snapshots()).toEqual([]);
  expect(session.droppedAnswers).toBe(1);
  transport.buffered = 0;
  session.flush();
  expect(snapshots().map(({ revision }) => revision.counter)).toEqual([2]);
});

describe('acks', () => {
  test('say which grants are in force', () => {
    const { session, hello, ack, log } = start();
    hello();
    session.offer(snapshot(1));
    ack(1);
    expect(log).toContainEqual(['acked', 1, []]);
  });
  test('of what was never sent count for nothing', () => {
    const { hello, ack, log } = start();
    hello();
    ack(9);
    expect(log).toEqual([['hello', 'test']]);
  });
  test('with other hashes end the session', () => {
    const { session, hello, ack, transport, log } = start();
    hello();
    session.offer(snapshot(1, { policy: 'changed' }));
    ack(1);
    expect(transport.ended).toBe(true);
    expect(log).toEqual([['hello', 'test']]);
  });
});

test('a denial is answered under its own id', () => {
  const { hello, say, sent, answers } = start();
  hello();
  say({ type: 'denial', id: 41, host: 'h.example', port: 443, reason: 'NotListed', hits: 2, sample: 'x' });
  answers[0]?.({ approval: 'apr-9' });
  expect(sent.at(-1)).toEqual({ type: 'asked', id: 41, approval: 'apr-9' });
});

describe('a session ends on', () => {
  test.each<[string, string]>([
    ['a frame before hello', '{"type":"health","fence":"Verified","message":""}'],
    ['something that is not JSON', 'GET / HTTP/1.1'],
    ['a protocol nobody speaks', '{"type":"hello","protocol":99,"sidecar":"x"}'],
    ['a field out of bounds', '{"type":"hello","protocol":1,"sidecar":7}'],
  ])('%s, and nothing after it is heard', (_what, line) => {
    const { session, transport, sent, log, hello } = start();
    session.receive(line);
    expect(transport.ended).toBe(true);
    expect(sent.map(({ type }) => type)).toEqual(['close']);
    hello();
    expect(log).toEqual([]);
  });
});

test('a frame type of a newer sidecar is skipped', () => {
  const { session, hello, transport } = start();
  hello();
  session.receive('{"type":"trace","spans":[]}');
  expect(transport.ended).toBe(false);
});
