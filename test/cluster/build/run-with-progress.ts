// A long build: its last lines are kept for the error, and a line a quarter of a minute shows that it lives.
import { spawn } from 'node:child_process';
import { ClusterError } from '../base/cluster-error.ts';
import type { BuildContext } from './build-once.ts';

export interface LongCommand {
  readonly what: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

export function runWithProgress({ what, command, cwd, env }: LongCommand, context: BuildContext): Promise<void> {
  const startedMs = Date.now();
  const [program, ...args] = command;
  const ticker = setInterval(() => {
    context.progress(`${what}: ${Math.round((Date.now() - startedMs) / 1000)} s so far`);
  }, 15_000);
  return new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: context.signal,
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) resolve();
      else reject(new ClusterError(`${what} failed (\`${command.join(' ')}\` exited with ${code}):\n${output}`));
    });
  }).finally(() => clearInterval(ticker));
}
