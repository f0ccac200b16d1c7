// Runs one program to its end: stdout is the answer, anything but success is a CommandError that says it all.
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: readonly string[], exitCode: number, stdout: string, stderr: string) {
    super(
      `\`${command.join(' ')}\` exited with ${exitCode}: ${`${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`.trim()}`,
    );
    this.command = command;
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

export function runCommand(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('runCommand: the command is empty');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', code => {
      const out = Buffer.concat(stdout).toString();
      if (code === 0) resolve(out);
      else reject(new CommandError(command, code ?? 1, out, Buffer.concat(stderr).toString()));
    });
    // A program that ends without reading its input is no failure of ours: its exit status tells.
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(options.stdin ?? '');
  });
}
