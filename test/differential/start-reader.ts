// Independent readers of HTTP as processes beside the test: net/http of Go, h11 and h2 of Python.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { runCommand } from '../cluster/base/run-command.ts';
import { buildOnce } from '../cluster/build/build-once.ts';
import { ensureDebianPackages } from '../cluster/build/debian-packages.ts';
import { goVersion } from '../cluster/build/go-module.ts';
import type { Reading, ReadRequest } from './reading.ts';

export interface Reader {
  readonly name: string;
  /** Answers such a request with 400 where others read it: no meaning of its own. */
  readonly refuses: (request: ReadRequest) => boolean;
  /** Of the bytes that a client has sent over one connection. */
  readonly read: (kind: 'h1' | 'h2', bytes: Buffer) => Promise<Reading>;
  readonly close: () => void;
}

const folder = join(import.meta.dirname, 'readers');
const context = {
  progress: (line: string) => void process.stderr.write(`differential: ${line}\n`),
  signal: new AbortController().signal,
};
const brokenEscape = /%(?![0-9a-f]{2})/i;
const pythonPackages = ['h11==0.16.0', 'h2==4.4.1'];

/** Both, compiled and installed once. */
export async function startReaders(): Promise<readonly Reader[]> {
  const [go, python] = [await buildGoReader(), await buildPython()];
  return [
    startReader('Go net/http', [go], ({ target }) => brokenEscape.test(target.split('?', 1)[0] ?? '')),
    startReader('Python h11 and h2', [python, join(folder, 'read.py')], () => false),
  ];
}

async function buildGoReader(): Promise<string> {
  const source = join(folder, 'main.go');
  const build = async (to: string) => {
    const env = { ...process.env, CGO_ENABLED: '0' };
    await runCommand(['go', 'build', '-trimpath', '-o', join(to, 'reader'), source], { env });
  };
  const inputs = [await goVersion(), readFileSync(source, 'utf8')];
  return join(await buildOnce({ name: 'differential-go', inputs, build }, context), 'reader');
}

async function buildPython(): Promise<string> {
  const build = async (to: string) => {
    if (process.platform === 'linux' && process.getuid?.() === 0) await ensureDebianPackages(['python3-venv'], context);
    const [venv, packages] = [join(to, 'venv'), join(to, 'packages')];
    await runCommand(['python3', '-m', 'venv', venv]);
    await runCommand([join(venv, 'bin', 'pip'), 'install', '--quiet', '--target', packages, ...pythonPackages]);
    // Only the packages stay: a virtual environment knows its own path, and this folder moves once it is complete.
    rmSync(venv, { recursive: true });
  };
  const built = await buildOnce({ name: 'differential-python', inputs: pythonPackages, build }, context);
  return join(built, 'packages');
}

interface Answer {
  readonly requests: readonly (Omit<ReadRequest, 'body'> & { readonly body: string })[];
  readonly problem?: string;
}

function startReader(name: string, command: readonly string[], refuses: Reader['refuses']): Reader {
  const [program = '', ...args] = command;
  const isPython = args.length > 0;
  const child: ChildProcessWithoutNullStreams = spawn(isPython ? 'python3' : program, args, {
    env: { PATH: process.env['PATH'], ...(isPython ? { PYTHONPATH: program } : {}) },
  });
  child.stderr.pipe(process.stderr);
  const lines: Interface = createInterface({ input: child.stdout });
  const waiting: ((answer: Answer) => void)[] = [];
  lines.on('line', line => waiting.shift()?.(JSON.parse(line) as Answer));
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('close', code => reject(new Error(`${name} ended with ${code}`)));
  });
  ended.catch(() => undefined);
  return {
    name,
    refuses,
    async read(kind, bytes) {
      const answer = new Promise<Answer>(resolve => waiting.push(resolve));
      child.stdin.write(`${JSON.stringify({ kind, bytes: bytes.toString('base64') })}\n`);
      const { requests, problem } = await Promise.race([answer, ended]);
      const read = requests.map(({ body, problem: unfinished, ...rest }) => ({
        ...rest,
        body: Buffer.from(body, 'base64'),
        ...(unfinished ? { problem: unfinished } : {}),
      }));
      return { requests: read, ...(problem ? { problem } : {}) };
    },
    close: () => void child.kill(),
  };
}
