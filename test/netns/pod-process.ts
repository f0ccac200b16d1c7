// One program inside a pod.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { type PodUser, userFlags } from './pod-user.ts';
import { childrenOf } from './process-tree.ts';

export interface ProcessOptions {
  readonly user?: PodUser;
  /** Further flags of setpriv, such as a bounding set; after those of the user. */
  readonly privileges?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Written and closed; without it the program reads an empty input, unless `interactive`. */
  readonly stdin?: string;
  readonly interactive?: boolean;
  readonly cwd?: string;
  /** The folder of the control group in which it runs; this process's own when absent. */
  readonly cgroup?: string;
  /** `result()` kills it and throws after this. */
  readonly timeoutMs?: number;
}

export interface ProcessResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** The group is entered before any program of the pod runs. */
const enterCgroup = 'echo 0 > "$0/cgroup.procs" && exec "$@"';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class PodProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #command: readonly string[];
  readonly #timeoutMs: number;
  readonly #startedMs = Date.now();
  readonly #closed: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  constructor(child: ChildProcessWithoutNullStreams, command: readonly string[], timeoutMs: number) {
    this.child = child;
    this.#command = command;
    this.#timeoutMs = timeoutMs;
    this.#closed = once(child, 'close');
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    child.stdin.on('error', () => child.stdin.destroy());
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The program's pid as this machine counts; undefined when it has ended. */
  get pid(): number | undefined {
    return this.child.pid === undefined ? undefined : childrenOf(this.child.pid)[0];
  }

  /** Waits until its standard output or error holds the text. */
  async waitForOutput(text: string | RegExp, timeoutMs = 10_000): Promise<void> {
    const pattern = typeof text === 'string' ? { test: (output: string) => output.includes(text) } : text;
    await waitUntil(
      () => {
        if (pattern.test(this.#stdout + this.#stderr)) return true;
        if (!this.running) throw new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode}`);
        return undefined;
      },
      {
        what: `\`${this.#command.join(' ')}\` to print ${text}`,
        timeoutMs,
        intervalMs: 5,
        explain: () => this.#tail(),
      },
    );
  }

  async result(): Promise<ProcessResult> {
    const timer = new AbortController();
    const timeout = sleep(this.#timeoutMs, 'timeout' as const, { signal: timer.signal }).catch(() => undefined);
    const first = await Promise.race([this.#closed, timeout]);
    timer.abort();
    if (first === 'timeout') {
      this.kill('SIGKILL');
      await this.#closed;
      throw new Error(`\`${this.#command.join(' ')}\` did not end within ${this.#timeoutMs} ms: ${this.#tail()}`);
    }
    const exitCode = this.child.exitCode ?? 255;
    return { exitCode, stdout: this.#stdout, stderr: this.#stderr, ms: Date.now() - this.#startedMs };
  }

  /** Signals the program itself; nsenter, its parent, passes the status on. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    const { pid } = this;
    if (pid !== undefined) process.kill(pid, signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.running) this.kill(signal);
    await this.#closed;
  }

  #tail(): string {
    return `stdout: ${this.#stdout.slice(-2_000)}\nstderr: ${this.#stderr.slice(-2_000)}`;
  }
}

export function startInPod(
  namespaceFlags: readonly string[],
  command: readonly string[],
  options: ProcessOptions,
): PodProcess {
  const { user = 'agent', privileges = [], env = {}, stdin = '', cwd = '/', timeoutMs = 10_000 } = options;
  // The program dies with nsenter, and nsenter with this run.
  const setpriv = ['setpriv', ...userFlags(user), ...privileges, '--pdeathsig', 'KILL'];
  const enter = options.cgroup === undefined ? [] : ['sh', '-c', enterCgroup, options.cgroup];
  const nsenter = ['nsenter', ...namespaceFlags, `--wd=${cwd}`, '--'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...enter, ...nsenter, ...setpriv, '--', ...command], {
    env: { PATH: path, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (!options.interactive) child.stdin.end(stdin);
  return new PodProcess(child, command, timeoutMs);
}
