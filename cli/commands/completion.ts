import { Argument, type Command } from 'commander';
import { type Shell, shellScripts, shells } from '../completion/shell-scripts.ts';
import type { CommandContext } from './command-context.ts';

const help = `
\`kubectl creel\` is completed by kubectl's own completion, through a file named
kubectl_complete-creel on PATH. npm installs it; with krew write it yourself:
  kubectl creel completion kubectl > ~/.local/bin/kubectl_complete-creel
  chmod +x ~/.local/bin/kubectl_complete-creel

The other scripts are for the command kubectl-creel, without kubectl:
  source <(kubectl-creel completion bash)     # or zsh
  kubectl-creel completion fish | source

Example:
  kubectl creel completion bash > /etc/bash_completion.d/kubectl-creel
`;

/** `completion SHELL`: the script that a shell sources; names of sandboxes and requests are asked for live. */
export function registerCompletion(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .description('Print what a shell sources to complete commands, sandboxes, requests')
    .addHelpText('after', help)
    .action((shell: Shell) => context.print(shellScripts[shell]));
}
