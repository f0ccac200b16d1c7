import { type Command, Option } from 'commander';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { exitCodes } from '../exit-codes.ts';
import { creelPath } from '../kube/paths.ts';
import { waitUntilGone } from '../kube/wait-until-gone.ts';
import { parseDurationMs } from '../parse-options.ts';
import { fateOfWorkspace } from '../sandboxes/fate-of-workspace.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly yes?: boolean;
  readonly keepWorkspace?: boolean;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

const examples = `
Examples:
  kubectl creel sandbox delete my-assistant
  kubectl creel sandbox delete my-assistant --keep-workspace --yes
`;

/** `sandbox delete`: says what becomes of /sandbox, and asks. */
export function registerSandboxDelete(sandbox: Command, context: CommandContext): void {
  sandbox
    .command('delete')
    .argument('<sandbox>')
    .description('End a sandbox; says what becomes of /sandbox, and asks')
    .option('-y, --yes', 'do not ask')
    .option('--keep-workspace', 'keep the claim behind /sandbox')
    .option('--no-wait', 'return once it is stored')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait (2m)').argParser(parseDurationMs).default(120_000, '2m'),
    )
    .addHelpText('after', examples)
    .action((name: string, options: Options) => remove(context, name, options));
}

async function remove(
  context: CommandContext,
  name: string,
  { yes, keepWorkspace, wait, timeout }: Options,
): Promise<void> {
  const api = await context.api();
  const path = creelPath(api.namespace, 'sandboxes', name);
  const seen = await api.get<Sandbox>(path);
  const { uid } = seen.metadata;
  context.printError(fateOfWorkspace(seen, keepWorkspace === true));
  if (yes !== true && !(await context.confirm(`Delete sandbox ${name}?`)))
    throw new UserError('nothing was deleted: not confirmed', {
      try: [`kubectl creel -n ${api.namespace} sandbox delete ${name} --yes    # where nobody can be asked`],
    });
  if (keepWorkspace && seen.spec.workspace?.onDelete !== 'Retain')
    await api.mergePatch(path, { metadata: { uid }, spec: { workspace: { onDelete: 'Retain' } } });
  await api.delete(path, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid },
    propagationPolicy: 'Foreground',
  });
  if (!wait) return context.print(`${name} is being deleted`);
  if (!(await waitUntilGone(api, path, seen, timeout)))
    throw new UserError(`${name} is still there after ${timeout / 1000} s: its pod is being ended`, {
      exitCode: exitCodes.timeout,
      try: [`kubectl -n ${api.namespace} get csb,pod`],
    });
  context.print(`${name} deleted`);
}
