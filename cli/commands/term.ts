import type { Command } from 'commander';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

/** `term`: sandboxes and what they ask for, live, with a key for each decision. */
export function registerTerm(program: Command, context: CommandContext): void {
  program
    .command('term')
    .description('Watch sandboxes and decide on their requests, live on the whole terminal')
    .option('-A, --all-namespaces', 'of the whole cluster; n switches while it runs')
    .addHelpText('after', '\nKeys: ? shows them. Screens: docs/term.md.\n\nExample:\n  kubectl creel -n agents term\n')
    .action(async (options: { allNamespaces?: boolean }) => {
      refuseWithoutTerminal();
      const api = await context.api();
      const { loadTerm } = await import('../term/load-term.ts');
      const runTerm = await loadTerm(process.env);
      const [, main = ''] = process.argv;
      const { context: name, kubeconfig, as } = program.opts<{ context?: string; kubeconfig?: string; as?: string }>();
      const given = Object.entries({ context: name, kubeconfig, as });
      await runTerm({
        api,
        allNamespaces: options.allNamespaces === true,
        env: process.env,
        stdin: process.stdin,
        stdout: process.stdout,
        nowMs: Date.now,
        self: [
          process.execPath,
          ...process.execArgv,
          main,
          ...given.flatMap(([option, value]) => (value === undefined ? [] : [`--${option}`, value])),
        ],
        signal: context.signal,
      });
    });
}

function refuseWithoutTerminal(): void {
  const help = {
    try: ['kubectl creel approvals --watch', 'kubectl creel status', 'kubectl creel approve apr/NAME --for 1h'],
  };
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UserError('term needs a terminal: standard input and output are not both one', help);
  if (process.env['TERM'] === 'dumb' || process.env['TERM'] === undefined)
    throw new UserError(`term needs a terminal that can place text: TERM is ${process.env['TERM'] ?? 'not set'}`, help);
}
