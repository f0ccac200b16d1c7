// The command line as a user starts it: a process of its own, from another folder, with nothing of the tests' environment.
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const main = join(dirname(import.meta.dirname), 'main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
}

export function startCreel(args: readonly string[], env: Readonly<Record<string, string>>, stdin = ''): Running {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    cwd: '/',
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      // Half of a start is compiling: a hundred starts share it.
      NODE_COMPILE_CACHE: join(tmpdir(), 'creel-test-compile-cache'),
      ...env,
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, stdout, stderr }));
  });
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended };
}

export function runCreel(args: readonly string[], env: Readonly<Record<string, string>>, stdin = ''): Promise<Ended> {
  return startCreel(args, env, stdin).ended;
}
