import { expect, test } from 'vitest';
import { watchCrowds } from './watch-crowds.ts';

function watched() {
  const waiting: (() => void)[] = [];
  let collected = 0;
  const watch = watchCrowds(
    () => collected++,
    run => void waiting.push(run),
  );
  return {
    open: (count: number) => Array.from({ length: count }, watch.opened),
    close: (count: number) => Array.from({ length: count }, watch.closed),
    /** Time passes. */
    pass: () => {
      for (const run of waiting.splice(0)) run();
    },
    collected: () => collected,
  };
}

test('a crowd that has gone is cleared away once', () => {
  const { open, close, pass, collected } = watched();
  open(6000);
  close(4000);
  pass();
  expect(collected()).toBe(0);
  close(2000);
  expect(collected()).toBe(0);
  pass();
  expect(collected()).toBe(1);
  open(200);
  close(200);
  pass();
  expect(collected()).toBe(1);
});

test('ten thousand connections one after the other are no crowd', () => {
  const { open, close, pass, collected } = watched();
  for (let n = 0; n < 10_000; n++) {
    open(1);
    close(1);
  }
  pass();
  expect(collected()).toBe(0);
});

test('a crowd that came back meanwhile is cleared away when it goes for good', () => {
  const { open, close, pass, collected } = watched();
  open(2000);
  close(2000);
  open(1500);
  pass();
  expect(collected()).toBe(0);
  close(1500);
  pass();
  expect(collected()).toBe(1);
});
