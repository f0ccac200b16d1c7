import { type Command, Option } from 'commander';
import type { Deployment } from '../doctor/facts.ts';
import { formatJson } from '../output/format-documents.ts';
import { UserError } from '../user-error.ts';
import { cliVersion } from '../version.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly client?: boolean;
  readonly output?: 'json';
}

/** `version`: of this command line, of the operator and of the API server, as far as they can be asked. */
export function registerVersion(program: Command, context: CommandContext): void {
  program
    .command('version')
    .description('Versions of this command line, the operator and the cluster')
    .option('--client', 'only of this command line; asks nobody')
    .addOption(new Option('-o, --output <format>', 'instead of lines').choices(['json']))
    .addHelpText('after', '\nExample:\n  kubectl creel version --client\n')
    .action(async ({ client = false, output }: Options) => {
      const versions = { client: cliVersion, ...(client ? {} : await readVersions(context)) };
      if (output === 'json') context.print(formatJson(versions));
      else for (const [what, version] of Object.entries(versions)) context.print(`${what.padEnd(10)} ${version}`);
    });
}

async function readVersions(context: CommandContext): Promise<Readonly<Record<string, string>>> {
  const selector = new URLSearchParams({
    labelSelector: 'app.kubernetes.io/name=creel,app.kubernetes.io/component=operator',
  });
  return {
    operator: await ask(async () => {
      const api = await context.api();
      const { items } = await api.get<{ items: Deployment[] }>(`/apis/apps/v1/deployments?${selector.toString()}`);
      return items[0]?.metadata.labels?.['app.kubernetes.io/version'] ?? 'not installed';
    }),
    kubernetes: await ask(async () => (await (await context.api()).get<{ gitVersion: string }>('/version')).gitVersion),
  };
}

async function ask(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) return `unknown: ${error.message}`;
    throw error;
  }
}
