import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openUseLedger } from './use-ledger.ts';

let dir: string;
let made: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uses-'));
  made = 0;
});
afterEach(() => rmSync(dir, { recursive: true }));
const open = () => openUseLedger(dir, () => String(++made).repeat(32));
const file = () => join(dir, 'uses.jsonl');

test('a restart knows every use, under the same name', () => {
  const first = open();
  for (let count = 0; count < 3; count++) first.add('apr-a');
  first.add('apr-b');
  const second = open();
  second.add('apr-a');
  const third = open();
  expect([third.name, third.used('apr-a'), third.used('apr-b'), third.used('apr-c')]).toEqual([first.name, 4, 1, 0]);
});

test('cut short at any byte it never counts less than was let out, and goes on', () => {
  const before = open();
  before.add('apr-aa');
  before.add('apr-ab');
  const whole = readFileSync(file());
  const second = whole.lastIndexOf('["apr-ab"');
  for (let length = second; length <= whole.length; length++) {
    writeFileSync(file(), whole.subarray(0, length));
    const after = open();
    expect(after.name).toBe(before.name);
    expect(after.used('apr-aa')).toBeGreaterThanOrEqual(1);
    // Nothing of the second line: the use was never let out.
    expect(after.used('apr-ab')).toBe(length === second ? 0 : 1);
    after.add('apr-ab');
    expect(open().used('apr-ab')).toBe(length === second ? 1 : 2);
  }
});

test('lost or spoilt at its head it is another ledger', () => {
  const { name } = open();
  rmSync(file());
  expect(open().name).not.toBe(name);
  writeFileSync(file(), '{"ledg');
  expect(open().name).not.toBe(name);
});

test('it does not grow without end', () => {
  const ledger = open();
  for (let count = 0; count < 20_000; count++) ledger.add('apr-a');
  expect(readFileSync(file()).length).toBeLessThan(8192 * 16);
  appendFileSync(file(), '["apr-a",1]\n');
  expect(open().used('apr-a')).toBe(20_001);
});

test('half a line, left by a write that failed, takes nothing from the line after it', () => {
  const ledger = open();
  ledger.add('apr-a');
  const aside = `${file()}.aside`;
  renameSync(file(), aside);
  mkdirSync(file());
  expect(() => ledger.add('apr-b')).toThrow();
  rmSync(file(), { recursive: true });
  renameSync(aside, file());
  // As a full disk leaves it.
  appendFileSync(file(), '["apr-b');
  ledger.add('apr-c');
  const after = open();
  expect([after.used('apr-a'), after.used('apr-b'), after.used('apr-c')]).toEqual([1, 1, 1]);
});
