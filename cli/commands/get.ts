import { type Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { findKind, type ListedKind, type ListedObject, listedKinds } from '../objects/listed-kinds.ts';
import { type ObjectFormat, outputOption, printObject, printObjects } from '../output/print-objects.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly allNamespaces?: boolean;
  readonly output?: ObjectFormat;
}

const firstNames = listedKinds.map(({ names }) => names[0]);
const examples = `
Examples:
  kubectl creel get sandboxes -A
  kubectl creel get policies -o wide
  kubectl creel get profile vllm -o yaml
`;

/** `get KIND [NAME…]`: our kinds, with columns that say more than kubectl's. */
export function registerGet(program: Command, context: CommandContext): void {
  program
    .command('get')
    .argument('<kind>', `${firstNames.join(', ')}, or what kubectl calls them; KIND/NAME too`)
    .argument('[name...]')
    .description('List sandboxes, approvals, policies or model profiles')
    .option('-A, --all-namespaces', 'of every namespace')
    .addOption(outputOption())
    .addHelpText('after', examples)
    .action((what: string, names: string[], options: Options) => {
      const [kindName = '', slashed] = what.split('/', 2);
      return get(context, requireKind(kindName), slashed === undefined ? names : [slashed, ...names], options);
    });
}

function requireKind(name: string): ListedKind {
  const kind = findKind(name);
  if (kind !== undefined) return kind;
  throw new UserError(`there is no kind ${JSON.stringify(name)} here; there are ${firstNames.join(', ')}`, {
    exitCode: exitCodes.usage,
    try: ['kubectl creel get sandboxes'],
  });
}

async function get(
  context: CommandContext,
  kind: ListedKind,
  names: readonly string[],
  options: Options,
): Promise<void> {
  if (names.length > 0 && options.allNamespaces)
    throw new UserError('a name is one of a namespace: give -n NAMESPACE in place of -A', {
      exitCode: exitCodes.usage,
    });
  const api = await context.api();
  const listing = {
    columns: kind.columns(Date.now()),
    withNamespace: options.allNamespaces === true && kind.isNamespaced,
    nothing: `no ${kind.names[0]}${kind.isNamespaced && !options.allNamespaces ? ` in namespace ${api.namespace}` : ''}`,
  };
  if (names.length === 0) {
    const { items } = await api.get<{ items: ListedObject[] }>(
      kind.path(options.allNamespaces ? undefined : api.namespace),
    );
    return printObjects(context, items, options.output, listing);
  }
  const objects = await Promise.all(names.map(name => api.get<ListedObject>(kind.path(api.namespace, name))));
  const [only, ...more] = objects;
  if (only !== undefined && more.length === 0) printObject(context, only, options.output, listing);
  else printObjects(context, objects, options.output, listing);
}
