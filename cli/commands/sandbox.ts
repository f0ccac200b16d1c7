import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { registerSandboxCreate } from './sandbox-create.ts';
import { registerSandboxDelete } from './sandbox-delete.ts';
import { registerSandboxLifecycle } from './sandbox-lifecycle.ts';

/** `sandbox …`: make, stop, start and end sandboxes. */
export function registerSandbox(program: Command, context: CommandContext): void {
  const sandbox = program.command('sandbox').alias('csb').description('Create, suspend, resume or delete a sandbox');
  registerSandboxCreate(sandbox, context);
  registerSandboxLifecycle(sandbox, context);
  registerSandboxDelete(sandbox, context);
}
