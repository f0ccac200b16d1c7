import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withFileLock } from './with-file-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'creel-lock-'));
const signal = new AbortController().signal;
afterAll(() => rmSync(folder, { recursive: true }));

test('two bodies never run at once', async () => {
  let inside = 0;
  const body = async () => {
    inside++;
    await new Promise(resolve => setImmediate(resolve));
    const seen = inside;
    inside--;
    return seen;
  };
  const path = join(folder, 'exclusive');
  const seen = await Promise.all(Array.from({ length: 8 }, () => withFileLock(path, signal, body)));
  expect(seen).toEqual(Array.from({ length: 8 }, () => 1));
});

test('a body that throws releases the lock', async () => {
  const path = join(folder, 'throws');
  await expect(withFileLock(path, signal, () => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
  expect(await withFileLock(path, signal, async () => 'again')).toBe('again');
});

test('a holder that is killed holds nothing any more', async () => {
  const path = join(folder, 'killed');
  const script = `import { withFileLock } from ${JSON.stringify(join(import.meta.dirname, 'with-file-lock.ts'))};
    await withFileLock(${JSON.stringify(path)}, new AbortController().signal, () => {
      console.log('held');
      return new Promise(() => setInterval(() => {}, 1000));
    });`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  expect(await withFileLock(path, signal, async () => 'mine')).toBe('mine');
});

test('waiting ends with the signal', async () => {
  const path = join(folder, 'aborted');
  const abort = new AbortController();
  await withFileLock(path, signal, async () => {
    const waiting = withFileLock(path, abort.signal, async () => 'never');
    abort.abort();
    await expect(waiting).rejects.toThrow();
  });
});
