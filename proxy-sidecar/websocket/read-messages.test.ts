import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { MatchingGate } from './read-messages.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const part = (text: string, isEnd: boolean) =>
  ({ kind: 'Data', type: 'Text', isStart: false, isEnd, payload: Buffer.from(text) }) as const;

test('A message that comes byte by byte holds the memory of its bytes', () => {
  const bytes = 256 * 1024;
  const seen: string[] = [];
  const gate = new MatchingGate(text => seen.push(text) > 0, undefined);
  const before = heldBytes();
  for (let at = 0; at < bytes; at++) gate.pass(part('a', false));
  expect(heldBytes() - before).toBeLessThan(4 * 1024 * 1024);
  expect(gate.pass(part('!', true))).toMatchObject({ ok: true, parts: [{ isStart: true, isEnd: true }] });
  expect(gate.pass(part('next', true))).toMatchObject({ ok: true, parts: [{ payload: Buffer.from('next') }] });
  expect(seen).toEqual([`${'a'.repeat(bytes)}!`, 'next']);
});
