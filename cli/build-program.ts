import { Command, type CommanderError } from 'commander';
import { registerApprovals } from './commands/approvals.ts';
import type { CommandContext } from './commands/command-context.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConnect } from './commands/connect.ts';
import { registerDecisions } from './commands/decide.ts';
import { registerDescribe } from './commands/describe.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerGet } from './commands/get.ts';
import { registerInference } from './commands/inference.ts';
import { registerLogs } from './commands/logs.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerSandbox } from './commands/sandbox.ts';
import { registerStatus } from './commands/status.ts';
import { registerTerm } from './commands/term.ts';
import { registerVersion } from './commands/version.ts';
import { exitCodes } from './exit-codes.ts';

/** Every command, in the order in which the help lists them. */
export function buildProgram(contextOf: (program: Command) => CommandContext): Command {
  const program = new Command('kubectl creel')
    .description('Agents in sandboxes on Kubernetes: see what they ask for, decide, connect.')
    .option('-n, --namespace <namespace>', "default: the context's namespace")
    .option('--context <context>', 'of the kubeconfig')
    .option('--kubeconfig <file>', 'default: KUBECONFIG, then the usual place')
    .option('--as <user>', 'act as this user, if you may impersonate')
    .enablePositionalOptions(false)
    .configureHelp({ helpWidth: 80, subcommandTerm: command => command.name() })
    .helpCommand('help [command...]', 'help, with examples, for a command')
    .addHelpText('after', footer)
    .showHelpAfterError('(--help shows the options)');
  const context = contextOf(program);
  program.commandsGroup('Sandboxes:');
  registerStatus(program, context);
  registerGet(program, context);
  registerDescribe(program, context);
  registerSandbox(program, context);
  registerConnect(program, context);
  registerLogs(program, context);
  program.commandsGroup('Approvals:');
  registerApprovals(program, context);
  registerDecisions(program, context);
  registerTerm(program, context);
  program.commandsGroup('Models and policies:');
  registerInference(program, context);
  registerPolicy(program, context);
  program.commandsGroup('Other:');
  registerDoctor(program, context);
  registerVersion(program, context);
  registerCompletion(program, context);
  throwInsteadOfExit(program);
  return program;
}

const footer = `
Exit codes: 0 done, ${exitCodes.failed} refused or failed, ${exitCodes.usage} wrong usage, ${exitCodes.notFound} not found, ${exitCodes.timeout} not yet true in
the time given, ${exitCodes.interrupted} interrupted; connect ends as the command it ran.
`;

/** Commander would end the process with 1 for every misuse. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride(error => {
    throw error;
  });
  for (const child of command.commands) throwInsteadOfExit(child);
}

/** What a CommanderError means for the exit code: help and version are none. */
export function exitCodeOf(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : exitCodes.usage;
}
