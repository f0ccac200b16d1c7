// kubectl creel: decides requests, opens sandboxes, switches models. Plain kubectl can do all of it too; this is shorter.
import { CommanderError } from 'commander';
import { buildProgram, exitCodeOf } from './build-program.ts';
import { confirm } from './confirm.ts';
import { exitCodes } from './exit-codes.ts';
import { type Api, connectApi } from './kube/api.ts';
import { createPaint, noPaint } from './output/paint.ts';
import { terminalSafe } from './output/terminal-safe.ts';
import { UserError } from './user-error.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());
// A reader such as head has seen enough: that is no failure of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });

const paint = createPaint(process.stdout.isTTY, process.env);
const print = (line: string) => void process.stdout.write(`${terminalSafe(line, paint !== noPaint)}\n`);
const printError = (line: string) => void process.stderr.write(`${terminalSafe(line, false)}\n`);

let connected: Promise<Api> | undefined;
const program = buildProgram(of => ({
  api: () => (connected ??= connectApi(of.opts())),
  print,
  printError,
  namespaceOption: () => of.opts<{ namespace?: string }>().namespace,
  paint,
  ...(process.stdout.isTTY ? { columns: process.stdout.columns } : {}),
  confirm: question => confirm(terminalSafe(question, false), interrupt.signal),
  signal: interrupt.signal,
}));

try {
  // Words that are half typed are no command line: no parser of options may see them.
  const [, , first, ...words] = process.argv;
  if (first === '__complete') await printCompletions(words);
  else await program.parseAsync();
  // A watch ends without an error.
  if (interrupt.signal.aborted) process.exitCode = exitCodes.interrupted;
} catch (error) {
  process.exitCode = exitCodeFor(error);
}

/** Says what a person can put right; what nobody can is a bug and keeps its stack. */
function exitCodeFor(error: unknown): number {
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  // Commander has printed its message.
  if (error instanceof CommanderError) return exitCodeOf(error);
  if (!(error instanceof UserError)) throw error;
  const [first = '', ...more] = error.message.split('\n');
  printError(
    [`error: ${first}`, ...more.map(line => `  ${line}`), ...error.try.map(line => `  try: ${line}`)].join('\n'),
  );
  return error.exitCode;
}

/** Loaded by a shell's Tab alone. Its lines hold tabs of their own, and are safe part by part. */
async function printCompletions(words: readonly string[]): Promise<void> {
  const [{ complete }, { liveSources }] = await Promise.all([
    import('./completion/complete.ts'),
    import('./completion/live-sources.ts'),
  ]);
  const text = await complete(program, words, liveSources(process.env));
  // Connections that are still open must not keep a shell waiting.
  process.stdout.write(`${text}\n`, () => process.exit(0));
}
