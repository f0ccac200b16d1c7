import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { registerPolicyDiff } from './policy-diff.ts';
import { registerPolicyExplain } from './policy-explain.ts';
import { registerPolicyImport } from './policy-import.ts';
import { registerPolicyLearn } from './policy-learn.ts';
import { registerPolicyPromote } from './policy-promote.ts';
import { registerPolicyTest } from './policy-test.ts';

/** `policy …`: import, explain, test, compare, learn and promote egress policies. */
export function registerPolicy(program: Command, context: CommandContext): void {
  const policy = program
    .command('policy')
    .description('Egress policies: import, explain, test, compare, learn, promote');
  registerPolicyImport(policy, context);
  registerPolicyExplain(policy, context);
  registerPolicyTest(policy, context);
  registerPolicyDiff(policy, context);
  registerPolicyLearn(policy, context);
  registerPolicyPromote(policy, context);
}
