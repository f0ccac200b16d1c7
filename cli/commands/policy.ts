import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { registerPolicyImport } from './policy-import.ts';

/** `policy …`: import, explain, test, compare and learn egress policies. */
export function registerPolicy(program: Command, context: CommandContext): void {
  const policy = program.command('policy').description('Egress policies: import, explain, test, compare, learn');
  registerPolicyImport(policy, context);
}
