import type { Command } from 'commander';
import { loadPolicySet } from '../kube/load-policy-set.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { readPolicyFiles } from '../policy/read-policy-files.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

export interface PolicySetOptions {
  readonly filename?: readonly string[];
}

/** `-f FILE`, which may be given more than once. */
export function withFiles(command: Command): Command {
  return command.option(
    '-f, --filename <file>',
    'manifests or a folder of them, instead of the cluster; - is stdin; may be repeated',
    collect,
  );
}

function collect(file: string, so: readonly string[] = []): readonly string[] {
  return [...so, file];
}

/** From the files, where there are any; else what the cluster holds for the sandbox. */
export async function policySetOf(
  sandbox: string | undefined,
  { filename }: PolicySetOptions,
  context: CommandContext,
): Promise<PolicySet> {
  if (filename !== undefined) return readPolicyFiles(filename, context.namespaceOption() ?? 'default');
  if (sandbox === undefined)
    throw new UserError('neither a sandbox nor files; name a sandbox (`kubectl get csb`) or give -f FILE');
  return loadPolicySet(await context.api(), sandbox);
}
