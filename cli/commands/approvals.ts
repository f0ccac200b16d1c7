import { type Command, Option } from 'commander';
import { approvalColumns } from '../approvals/approval-columns.ts';
import { type ApprovalFilter, listApprovals, matchesApproval } from '../approvals/filter-approvals.ts';
import { watchApprovals } from '../approvals/watch-approvals.ts';
import { type ObjectFormat, outputOption, printObjects } from '../output/print-objects.ts';
import type { CommandContext } from './command-context.ts';

interface Options extends ApprovalFilter {
  readonly watch?: boolean;
  readonly allNamespaces?: boolean;
  readonly output?: ObjectFormat;
}

const examples = `
Examples:
  kubectl creel approvals --watch
  kubectl creel approvals -A -o wide             # with who decided, warnings, request
  kubectl creel approvals --sandbox my-assistant --host '*.github.com' --all
  kubectl creel approve $(kubectl creel approvals --host pypi.org -o name) --for 1h
`;

/** `approvals [--watch]`: what is asked for and what became of it. */
export function registerApprovals(program: Command, context: CommandContext): void {
  withApprovalFilter(program.command('approvals'))
    .alias('apr')
    .description('List what sandboxes have asked for, newest last')
    .option('--all', 'ended requests too')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-w, --watch', 'go on and print changes as they come')
    .addOption(outputOption())
    .addHelpText('after', examples)
    .action(async (options: Options) => {
      const api = await context.api();
      const namespace = options.allNamespaces ? undefined : api.namespace;
      if (options.watch) return watchApprovals(context, api, namespace, options);
      const shown = (await listApprovals(api, namespace)).filter(matchesApproval(options));
      printObjects(context, shown, options.output, {
        columns: approvalColumns(Date.now()),
        withNamespace: options.allNamespaces === true,
        nothing: nothingAsked(namespace),
      });
    });
}

function nothingAsked(namespace: string | undefined): string {
  return namespace === undefined
    ? 'nothing is asked for; --all shows what has ended'
    : `nothing is asked for in namespace ${namespace}; --all shows what has ended, -A other namespaces`;
}

/** `--sandbox` and `--host`, wherever requests are listed or chosen. */
export function withApprovalFilter(command: Command): Command {
  return command
    .addOption(new Option('--sandbox <sandbox>', 'only what this sandbox asks for'))
    .addOption(new Option('--host <pattern>', "only these hosts; * stands for anything: '*.github.com'"));
}
