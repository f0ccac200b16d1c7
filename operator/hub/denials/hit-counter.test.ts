import { expect, test } from 'vitest';
import { flushEveryMs, HitCounter } from './hit-counter.ts';

test('the first two hits are written at once, the rest every ten seconds, and none is lost', () => {
  const counter = new HitCounter(0);
  const written: [number, number][] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    counter.add(1, 'x', nowMs);
    if (counter.dueInMs(nowMs) === 0) written.push([nowMs, counter.take(nowMs).hits]);
  }
  expect(written.slice(0, 2)).toEqual([
    [0, 1],
    [100, 2],
  ]);
  expect(written).toHaveLength(7);
  expect(counter.take(60_000).hits).toBe(600);
});

test('a counter goes on from what an operator before has written', () => {
  const counter = new HitCounter(5000, { hits: 40, samples: ['a'], firstSeen: new Date(1000).toISOString() });
  expect(counter.dueInMs(5000)).toBeUndefined();
  counter.add(2, 'b', 5000);
  expect(counter.take(5000)).toMatchObject({ hits: 42, samples: ['a', 'b'], firstSeen: new Date(1000).toISOString() });
});

test('a write that failed is due again', () => {
  const counter = new HitCounter(0);
  counter.add(3, '', 0);
  counter.take(0);
  expect(counter.dueInMs(0)).toBeUndefined();
  counter.failed();
  expect(counter.dueInMs(flushEveryMs)).toBe(0);
});

test('samples are ten different ones', () => {
  const counter = new HitCounter(0);
  for (let index = 0; index < 30; index++) counter.add(1, `GET /${index % 12}`, 0);
  expect(counter.take(0).samples).toHaveLength(10);
});

test('A10 of long ones there are fewer, cut at 512 characters: a request stays small', () => {
  const counter = new HitCounter(0);
  for (let index = 0; index < 30; index++) counter.add(1, `${index % 12}`.padEnd(2000, '.'), 0);
  expect(counter.take(0).samples.map(sample => sample.length)).toEqual([512, 512, 512, 512]);
});
