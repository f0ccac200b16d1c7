import { type Command, Option } from 'commander';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { containerNames, paths } from '../../protocol/constants.ts';
import type { Api } from '../kube/api.ts';
import { execInPod } from '../kube/exec-in-pod.ts';
import { creelPath } from '../kube/paths.ts';
import { parseCount } from '../parse-options.ts';
import { waitForSandbox } from '../sandboxes/wait-for-sandbox.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

/** `connect NAME [-- CMD…]`: a shell or one command in the sandbox, under the same Landlock and seccomp as the agent. */
export function registerConnect(program: Command, context: CommandContext): void {
  program
    .command('connect')
    .argument('<sandbox>')
    .argument('[command...]', 'what to run instead of a shell')
    .description("Open a shell in a sandbox, inside all of the agent's limits")
    .addOption(
      new Option('--wait <seconds>', 'how long to wait for the sandbox to run').argParser(parseCount).default(120),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  kubectl creel connect my-assistant\n  kubectl creel connect my-assistant -- openclaw agent --agent main --local -m "Hello"\n',
    )
    .action(async (name: string, command: string[], options: { wait: number }) => {
      const api = await context.api();
      const sandbox = await waitUntilRunning(context, api, name, options.wait * 1000);
      process.exitCode = await execInPod(api, {
        pod: sandbox.status?.pod ?? '',
        container: containerNames.agent,
        command: [
          paths.launcher,
          'run',
          '--landlock',
          sandbox.spec.filesystem?.landlock ?? 'BestEffort',
          '--',
          ...(command.length > 0 ? command : defaultShell),
        ],
        signal: context.signal,
      });
    });
}

const defaultShell = ['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash -l || exec sh -l'];

/** Running is enough, whatever the operator has to say; what waiting does not change is told at once. */
async function waitUntilRunning(context: CommandContext, api: Api, name: string, timeoutMs: number): Promise<Sandbox> {
  const seen = await api.get<Sandbox>(creelPath(api.namespace, 'sandboxes', name));
  if (isRunning(seen)) return seen;
  if (seen.spec.lifecycle?.suspend === true)
    throw new UserError(`sandbox ${name} is suspended; its /sandbox is kept`, {
      try: [`kubectl creel -n ${api.namespace} sandbox resume ${name}`],
    });
  return waitForSandbox(api, seen, 'Ready', timeoutMs, context.printError);
}

function isRunning(sandbox: Sandbox): boolean {
  return (
    sandbox.status?.phase === 'Running' &&
    sandbox.status.pod !== undefined &&
    sandbox.status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') === true
  );
}
