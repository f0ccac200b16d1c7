// Tells the demo's story: numbered steps, each command exactly as a user would type it, its output, and the time it took.
import { spawn } from 'node:child_process';
import { DemoFailure } from './demo-failure.ts';

export interface RunOptions {
  /** Exit codes that are part of the story; anything else ends the demo. */
  readonly expect?: readonly number[];
  /** Says that the output holds this; the demo ends when it does not. */
  readonly shows?: RegExp;
  /** More than this of the output is folded, lines. */
  readonly maxLines?: number;
  /** Runs without being shown: set-up that is not the user's concern. */
  readonly quiet?: boolean;
  readonly timeoutMs?: number;
}

export interface Ran {
  readonly output: string;
  readonly code: number;
  readonly ms: number;
}

export interface Narrator {
  step(title: string, why: string): void;
  say(text: string): void;
  /** One line that replaces itself on a terminal: what a long step is doing. */
  progress(text: string): void;
  figure(label: string, ms: number): void;
  run(command: string, options?: RunOptions): Promise<Ran>;
  /** What every figure was, for the closing summary. */
  readonly figures: readonly (readonly [label: string, ms: number])[];
}

export interface NarratorContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

const defaultTimeoutMs = 180_000;

export function createNarrator({ env, out, signal }: NarratorContext): Narrator {
  const color = out.isTTY && !env['NO_COLOR'];
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const figures: [string, number][] = [];
  let steps = 0;
  let progressShown = false;

  const line = (text = '') => {
    if (progressShown) out.write(`\r\u001b[K`);
    progressShown = false;
    out.write(`${text}\n`);
  };
  return {
    figures,
    step(title, why) {
      steps++;
      line(`\n${paint(1, `${steps}. ${title}`)}`);
      line(paint(2, `   ${why}`));
    },
    say: text => line(`   ${text}`),
    progress(text) {
      if (!out.isTTY) return line(paint(2, `   ${text}`));
      out.write(`\r\u001b[K   ${paint(2, text.slice(0, (out.columns ?? 80) - 4))}`);
      progressShown = true;
    },
    figure(label, ms) {
      figures.push([label, ms]);
      line(paint(36, `   ${label}: ${formatMs(ms)}`));
    },
    async run(command, options = {}) {
      if (!options.quiet) line(`\n   ${paint(1, `$ ${command}`)}`);
      const ran = await runShell(command, env, signal, options.timeoutMs ?? defaultTimeoutMs);
      if (!options.quiet) for (const text of fold(ran.output, options.maxLines ?? 16)) line(`   ${text}`);
      judge(command, ran, options);
      return ran;
    },
  };
}

function judge(command: string, ran: Ran, { expect = [0], shows, quiet }: RunOptions): void {
  const told = quiet ? `\n${ran.output}` : '';
  if (!expect.includes(ran.code)) {
    throw new DemoFailure(`\`${command}\` ended with exit code ${ran.code}, not ${expect.join(' or ')}${told}`);
  }
  if (shows && !shows.test(ran.output)) throw new DemoFailure(`\`${command}\` did not show ${String(shows)}${told}`);
}

function runShell(command: string, env: NarratorContext['env'], signal: AbortSignal, timeoutMs: number): Promise<Ran> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
      env,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    }
    child.on('error', error => {
      const late = error.name === 'AbortError' && !signal.aborted;
      reject(late ? new DemoFailure(`\`${command}\` took longer than ${timeoutMs / 1000} s\n${output}`) : error);
    });
    child.on('close', code => resolve({ output, code: code ?? 128, ms: performance.now() - started }));
  });
}

function fold(output: string, maxLines: number): string[] {
  const lines = output.trimEnd().split('\n');
  if (lines.length <= maxLines) return lines.filter((text, index) => text !== '' || index > 0);
  return [...lines.slice(0, maxLines), `… ${lines.length - maxLines} more lines`];
}

/** `12 ms` below a second, `3.4 s` above. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
