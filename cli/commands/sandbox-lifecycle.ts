import { type Command, Option } from 'commander';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { ownerWarnings } from '../gitops/field-owners.ts';
import { creelPath } from '../kube/paths.ts';
import { parseDurationMs } from '../parse-options.ts';
import { waitForSandbox } from '../sandboxes/wait-for-sandbox.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** `sandbox suspend` and `resume`: the pod goes and comes, /sandbox stays. */
export function registerSandboxLifecycle(sandbox: Command, context: CommandContext): void {
  const command = (verb: 'suspend' | 'resume', description: string) =>
    sandbox
      .command(verb)
      .argument('<sandbox>')
      .description(description)
      .option('--no-wait', 'return once it is stored')
      .addOption(
        new Option('--timeout <duration>', 'how long to wait (2m)').argParser(parseDurationMs).default(120_000, '2m'),
      )
      .addHelpText('after', `\nExample:\n  kubectl creel sandbox ${verb} my-assistant\n`)
      .action((name: string, options: Options) => setSuspend(context, name, verb === 'suspend', options));
  command('suspend', 'Stop the agent and remove its pod; /sandbox is kept');
  command('resume', 'Start it again, with the /sandbox it had');
}

async function setSuspend(
  context: CommandContext,
  name: string,
  suspend: boolean,
  { wait, timeout }: Options,
): Promise<void> {
  const api = await context.api();
  const path = creelPath(api.namespace, 'sandboxes', name);
  const before = await api.get<Sandbox>(path);
  for (const warning of ownerWarnings(before.metadata, [['spec', 'lifecycle', 'suspend']]))
    context.printError(`warning: ${warning}`);
  if (suspend && before.spec.workspace?.ephemeral)
    context.printError(`warning: the workspace of ${name} is ephemeral: what is in /sandbox is lost now`);
  const stored = await api.mergePatch<Sandbox>(path, {
    metadata: { uid: before.metadata.uid },
    spec: { lifecycle: { suspend } },
  });
  const verb = suspend ? 'suspended' : 'resumed';
  if (wait) await waitForSandbox(api, stored, suspend ? 'Suspended' : 'Ready', timeout, context.printError);
  context.print(`${name} ${wait ? verb : `is to be ${verb}`}`);
}
