import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildOnce } from './build-once.ts';

const context = { progress: () => undefined, signal: new AbortController().signal };
let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'creel-cache-'));
  vi.stubEnv('CREEL_CACHE', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

function counting() {
  const counter = { builds: 0 };
  const build = async (folder: string) => {
    counter.builds++;
    writeFileSync(join(folder, 'result'), `build ${counter.builds}`);
  };
  return { counter, build };
}

const failing = async (folder: string) => {
  writeFileSync(join(folder, 'half'), '');
  throw new Error('broke');
};

test('the same inputs are built once, also by those who ask at the same time', async () => {
  const { counter, build } = counting();
  const ask = () => buildOnce({ name: 'thing', inputs: ['a', 'b'], build }, context);
  const folders = new Set(await Promise.all([ask(), ask(), ask()]));
  expect(folders.size).toBe(1);
  expect(counter.builds).toBe(1);
});

test('other inputs are another build, however they are cut', async () => {
  const { counter, build } = counting();
  const one = await buildOnce({ name: 'thing', inputs: ['ab', 'c'], build }, context);
  const two = await buildOnce({ name: 'thing', inputs: ['a', 'bc'], build }, context);
  expect(one).not.toBe(two);
  expect(counter.builds).toBe(2);
});

test('a build that fails leaves nothing that a later one takes for a result', async () => {
  await expect(buildOnce({ name: 'thing', inputs: ['a'], build: failing }, context)).rejects.toThrow('broke');
  const folder = await buildOnce({ name: 'thing', inputs: ['a'], build: counting().build }, context);
  expect(existsSync(join(folder, 'half'))).toBe(false);
  expect(readFileSync(join(folder, 'result'), 'utf8')).toBe('build 1');
});

test('what a killed build left is removed, another thing’s is not', async () => {
  mkdirSync(join(cache, 'thing-0123.partial'));
  mkdirSync(join(cache, 'other-0123.partial'));
  await buildOnce({ name: 'thing', inputs: ['a'], build: counting().build }, context);
  expect(existsSync(join(cache, 'thing-0123.partial'))).toBe(false);
  expect(existsSync(join(cache, 'other-0123.partial'))).toBe(true);
});
