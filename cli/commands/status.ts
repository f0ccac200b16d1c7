import type { Command } from 'commander';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { creelPath } from '../kube/paths.ts';
import { formatFields } from '../output/format-fields.ts';
import { type ObjectFormat, outputOption, printObject, printObjects } from '../output/print-objects.ts';
import { isBad } from '../sandboxes/bad-conditions.ts';
import { conditionRemedy } from '../sandboxes/condition-remedy.ts';
import { sandboxColumns } from '../sandboxes/sandbox-columns.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly allNamespaces?: boolean;
  readonly output?: ObjectFormat;
}

const examples = `
Examples:
  kubectl creel status
  kubectl creel status my-assistant
  kubectl creel status -A -o wide      # with what is wrong
`;

/** `status [SANDBOX]`: how the sandboxes of a namespace are, and every condition of one. */
export function registerStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .argument('[sandbox]')
    .description('How sandboxes are: phase, model, policy in force, and every condition of one')
    .option('-A, --all-namespaces', 'of every namespace')
    .addOption(outputOption())
    .addHelpText('after', examples)
    .action(async (name: string | undefined, options: Options) => {
      const api = await context.api();
      const listing = {
        columns: sandboxColumns(Date.now()),
        withNamespace: options.allNamespaces === true,
        nothing: options.allNamespaces ? 'no Sandbox in the cluster' : `no Sandbox in namespace ${api.namespace}`,
      };
      if (name === undefined) {
        const { items } = await api.get<{ items: Sandbox[] }>(
          creelPath(options.allNamespaces ? undefined : api.namespace, 'sandboxes'),
        );
        return printObjects(context, items, options.output, listing);
      }
      const sandbox = await api.get<Sandbox>(creelPath(api.namespace, 'sandboxes', name));
      printObject(context, sandbox, options.output, listing);
      if (options.output === undefined || options.output === 'wide') context.print(conditionLines(sandbox).join('\n'));
    });
}

/** Every condition, those that complain marked and with what to type. */
function conditionLines({ metadata, status }: Sandbox): string[] {
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0)
    return ['', 'no conditions yet: the operator has not looked at it; try: kubectl creel doctor'];
  return [
    '',
    ...conditions.flatMap(condition => {
      const remedy = conditionRemedy(condition, metadata.namespace, metadata.name);
      const text = [condition.reason, condition.message].filter(part => part !== '').join(': ');
      return formatFields([
        [
          `${isBad(condition) ? '!' : ' '} ${condition.type} ${condition.status}`,
          [text, ...(remedy === undefined ? [] : [`try: ${remedy}`])],
        ],
      ]);
    }),
  ];
}
