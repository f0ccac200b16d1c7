// A real terminal: tmux with a server of its own, so that a test sees what a person would, and types as they would.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../test/cluster/base/run-command.ts';
import { ensureDebianPackages } from '../../../test/cluster/build/debian-packages.ts';

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  /** Of the command line, after `kubectl creel`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Terminal {
  screen(): Promise<string>;
  /** The screen with the sequences that colour it. */
  styledScreen(): Promise<string>;
  /** tmux's names: `a`, `Enter`, `Down`, `Escape`, `C-c`. */
  press(...keys: readonly string[]): Promise<void>;
  /** Characters as typed, one by one. */
  type(text: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves with the first screen that matches; its error shows the last one. */
  until(what: RegExp | string, timeoutMs?: number): Promise<string>;
  /** A variable of tmux, such as `alternate_on`. */
  ask(variable: string): Promise<string>;
  /** Of the program in it. */
  pid(): Promise<number>;
  end(): Promise<void>;
}

const root = join(import.meta.dirname, '../../..');
/** Between keys, as fingers have it: several at once count as a paste. */
const betweenKeysMs = 40;

/** Once for a test file. */
export async function provideTmux(): Promise<void> {
  await ensureDebianPackages(['tmux'], { progress: () => undefined, signal: new AbortController().signal });
}

export async function openTerminal({ columns, rows, args, env }: TerminalOptions): Promise<Terminal> {
  const socket = `creel-${randomBytes(6).toString('hex')}`;
  const tmux = (...command: readonly string[]) =>
    runCommand(['tmux', '-u', '-L', socket, '-f', '/dev/null', ...command]);
  const creel = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'cli/main.ts'), ...args];
  const variables = Object.entries({ PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LANG: 'C.UTF-8', ...env });
  const assigned = variables.map(([name, value]) => `${name}=${quoted(value)}`);
  // What is there before it starts has to be there after it ends.
  const script = `echo before; env -i TERM="$TERM" ${assigned.join(' ')} ${creel.map(quoted).join(' ')}; echo "ended $?"; exec sleep 600`;
  await tmux('new-session', '-d', '-s', 't', '-x', String(columns), '-y', String(rows), 'sh', '-c', script);
  const capture = (...options: readonly string[]) => tmux('capture-pane', '-p', ...options, '-t', 't');
  const ask = async (variable: string) => (await tmux('display-message', '-p', '-t', 't', `#{${variable}}`)).trim();
  return {
    screen: () => capture(),
    styledScreen: () => capture('-e'),
    press: async (...keys) => {
      for (const key of keys) {
        await tmux('send-keys', '-t', 't', key);
        await sleep(betweenKeysMs);
      }
    },
    type: async text => {
      for (const char of text) {
        await tmux('send-keys', '-l', '-t', 't', char);
        await sleep(betweenKeysMs);
      }
    },
    resize: async (width, height) => {
      await tmux('resize-window', '-t', 't', '-x', String(width), '-y', String(height));
    },
    until: async (what, timeoutMs = 30_000) => {
      const deadline = performance.now() + timeoutMs;
      const matches = (screen: string) => (typeof what === 'string' ? screen.includes(what) : what.test(screen));
      for (;;) {
        const screen = await capture();
        if (matches(screen)) return screen;
        if (performance.now() > deadline) throw new Error(`never saw ${String(what)}; the screen is:\n${screen}`);
        await sleep(20);
      }
    },
    ask,
    pid: async () => {
      const shell = await ask('pane_pid');
      return Number((await runCommand(['pgrep', '-P', shell])).trim().split('\n')[0]);
    },
    end: async () => {
      await tmux('kill-server').catch(() => '');
    },
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
