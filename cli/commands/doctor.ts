import { type Command, Option } from 'commander';
import { formatJson } from '../output/format-documents.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

const examples = `
Examples:
  kubectl creel doctor -n agents
  kubectl creel doctor --probe          # tries NetworkPolicy with three pods
  kubectl creel doctor -o json | jq '.[] | select(.status != "ok")'
`;

/** `doctor`: looks at the cluster, the install, the namespace and the caller's rights, and says what to do. */
export function registerDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('Check the cluster, the install, a namespace and your rights, and say what to do')
    .option('--probe', 'try NetworkPolicy with three small pods beside the operator, removed afterwards')
    .addOption(new Option('-o, --output <format>', 'instead of the table').choices(['json']))
    .addHelpText('after', examples)
    .action(async ({ probe = false, output }: { probe?: boolean; output?: 'json' }) => {
      const api = await context.api();
      // Loaded here alone: it brings the schemas of every kind.
      const [{ diagnose }, { readFacts }, { formatFindings }, { probeNetwork }] = await Promise.all([
        import('../doctor/diagnose.ts'),
        import('../doctor/read-facts.ts'),
        import('../doctor/format-findings.ts'),
        import('../doctor/probe-network.ts'),
      ]);
      const seen = probe ? await probeNetwork(api, context.printError, context.signal) : undefined;
      const findings = diagnose(await readFacts(api, seen));
      context.print(output === 'json' ? formatJson(findings) : formatFindings(findings, context.paint));
      const failed = findings.filter(({ status }) => status === 'fail');
      if (failed.length > 0)
        throw new UserError(`${failed.length} checks failed: ${failed.map(({ check }) => check).join(', ')}`);
    });
}
