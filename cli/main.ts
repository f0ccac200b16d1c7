// kubectl creel: decides requests, opens sandboxes, switches models. Plain kubectl can do all of it too; this is shorter.
import { Command } from 'commander';
import { registerApprovals } from './commands/approvals.ts';
import { registerConnect } from './commands/connect.ts';
import { registerDecisions } from './commands/decide.ts';
import { registerInference } from './commands/inference.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerStatus } from './commands/status.ts';
import { type Api, connectApi } from './kube/api.ts';
import { UserError } from './user-error.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

const program = new Command('kubectl creel')
  .description('Agents in sandboxes on Kubernetes: see what they ask for, decide, connect.')
  .option('-n, --namespace <namespace>', "default: the context's namespace")
  .option('--context <context>', 'of the kubeconfig')
  .option('--kubeconfig <file>', 'default: KUBECONFIG, then the usual place')
  .enablePositionalOptions(false)
  .showHelpAfterError('(--help shows the options)');

let connected: Promise<Api> | undefined;
const context = {
  api: () => (connected ??= connectApi(program.opts())),
  print: (line: string) => void process.stdout.write(`${line}\n`),
  printError: (line: string) => void process.stderr.write(`${line}\n`),
  namespaceOption: () => program.opts<{ namespace?: string }>().namespace,
  signal: interrupt.signal,
};
registerStatus(program, context);
registerApprovals(program, context);
registerDecisions(program, context);
registerConnect(program, context);
registerInference(program, context);
registerPolicy(program, context);

try {
  await program.parseAsync();
} catch (error) {
  if (interrupt.signal.aborted) process.exitCode = 130;
  else if (error instanceof UserError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
