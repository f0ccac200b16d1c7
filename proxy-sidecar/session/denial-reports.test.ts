import { afterEach, expect, test } from 'vitest';
import { createDenialReports, type Denial } from './denial-reports.ts';

const stop: AbortController[] = [];
afterEach(() => {
  for (const one of stop.splice(0)) one.abort();
});

function reports() {
  const clock = { nowMs: 1_000_000 };
  const end = new AbortController();
  stop.push(end);
  const made = createDenialReports(
    () => clock.nowMs,
    () => undefined,
    end.signal,
  );
  return { clock, ...made, made };
}
const denial = (host: string): Denial => ({ host, port: 443, reason: 'NotListed', sample: host });

test('the first denial goes out at once, equal ones together a second later', () => {
  const { clock, made } = reports();
  void made.report(denial('a.test'));
  expect(made.take()).toMatchObject([{ host: 'a.test', hits: 1 }]);
  for (let count = 0; count < 49; count++) void made.report(denial('a.test'));
  expect(made.take()).toEqual([]);
  clock.nowMs += 1000;
  expect(made.take()).toMatchObject([{ host: 'a.test', hits: 49 }]);
  expect(made.take()).toEqual([]);
});

test('host, port and binary make the key', () => {
  const { made } = reports();
  const binary = { path: '/bin/a', sha256: 'a'.repeat(64), ancestors: [] };
  void made.report(denial('a.test'));
  void made.report({ ...denial('a.test'), port: 80 });
  void made.report({ ...denial('a.test'), binary });
  void made.report({ ...denial('a.test'), binary: { ...binary, sha256: 'b'.repeat(64) } });
  expect(new Set(made.take().map(({ id }) => id)).size).toBe(4);
});

test('everybody who waits hears the answer, and who comes later gets it at once, until policy changes', async () => {
  const { made } = reports();
  const waiting = [made.report(denial('a.test')), made.report(denial('a.test'))];
  const [frame] = made.take();
  made.answered(frame?.id ?? 0, { approval: 'apr-1' });
  expect(await Promise.all(waiting)).toEqual([{ approval: 'apr-1' }, { approval: 'apr-1' }]);
  expect(await made.report(denial('a.test'))).toEqual({ approval: 'apr-1' });
  made.forgetAnswers();
  const late = made.report(denial('a.test'));
  expect(made.take()).toMatchObject([{ hits: 2 }]);
  expect(await late).toEqual({});
});

test('R18 many different hosts make few frames, none is lost, and beyond the cap they are counted', async () => {
  const { clock, made } = reports();
  for (let index = 0; index < 1100; index++) void made.report(denial(`h${index}.test`));
  expect(made.dropped).toBe(76);
  let frames = made.take();
  expect(frames).toHaveLength(40);
  for (let second = 0; second < 60; second++) {
    clock.nowMs += 1000;
    const taken = made.take();
    expect(taken.length).toBeLessThanOrEqual(20);
    frames = [...frames, ...taken];
  }
  expect(new Set(frames.map(({ host }) => host)).size).toBe(1024);
});

test('a frame that could not be sent is sent later with its hits', () => {
  const { clock, made } = reports();
  void made.report(denial('a.test'));
  for (const frame of made.take()) made.putBack(frame);
  void made.report(denial('a.test'));
  clock.nowMs += 1000;
  expect(made.take()).toMatchObject([{ hits: 2 }]);
});

const untilMs = 1_500_000;
const refused = { approval: 'apr-1', standing: { verdict: 'Denied', guidance: 'use the mirror', untilMs } } as const;

test('a refusal of a person reaches whoever asks next, until its time is over', async () => {
  const { clock, made } = reports();
  void made.report(denial('a.test'));
  made.answered(made.take()[0]?.id ?? 0, { approval: 'apr-1' });
  let changes = 0;
  const forget = made.subscribe(() => changes++, denial('a.test'));
  made.decided('apr-1', refused.standing);
  made.decided('apr-of-another', refused.standing);
  forget();
  made.decided('apr-1', refused.standing);
  expect(changes).toBe(1);
  expect(await made.report(denial('a.test'))).toEqual(refused);
  expect(made.newest(denial('a.test'))).toEqual(refused);
  clock.nowMs = untilMs;
  expect(made.newest(denial('a.test'))).toBeUndefined();
  void made.report(denial('a.test'));
  expect(made.take()).toMatchObject([{ hits: 2 }]);
});

test('it also reaches a question whose answer a new policy has made old', async () => {
  const { made } = reports();
  void made.report(denial('a.test'));
  made.answered(made.take()[0]?.id ?? 0, { approval: 'apr-1' });
  made.forgetAnswers();
  made.decided('apr-1', refused.standing);
  expect(await made.report(denial('a.test'))).toEqual(refused);
});

test('what a lost session has not answered is told to the next one, with its hits', async () => {
  const { made } = reports();
  const answer = made.report(denial('a.test'));
  void made.report(denial('b.test'));
  const [first, other] = made.take();
  made.answered(other?.id ?? 0, { approval: 'apr-b' });
  made.resend();
  expect(made.take()).toMatchObject([{ id: first?.id, hits: 1 }]);
  made.answered(first?.id ?? 0, { approval: 'apr-a' });
  expect(await answer).toEqual({ approval: 'apr-a' });
});
