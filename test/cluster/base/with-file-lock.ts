// A lock between processes that the kernel releases when its holder dies, however it dies.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Runs `body` while holding the lock file exclusively; waits as long as it takes, or until the signal. */
export async function withFileLock<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  // flock(1) holds the lock for as long as its `cat` waits for our end of the pipe to close.
  const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal,
  });
  const ended = once(holder, 'close');
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`cannot lock ${path}: flock ended without holding it`);
  try {
    return await body();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
