import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identifyProcess, isRunning } from './process-identity.ts';

test('a running process is recognised, and is not once it ended', async () => {
  const child = spawn('sleep', ['60']);
  const identity = identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('a running process was not identified');
  expect(isRunning(identity)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(isRunning(identity)).toBe(false);
});

test('a process with the same pid but another start time is a stranger', () => {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('this process was not identified');
  expect(isRunning({ ...self, startTicks: `${Number(self.startTicks) - 1}` })).toBe(false);
});
