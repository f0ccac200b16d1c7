import { type Command, Option } from 'commander';
import { type DocumentFormat, formatDocuments } from '../output/format-documents.ts';
import { formatReport } from '../policy/import/format-report.ts';
import { importPolicy } from '../policy/import/import-policy.ts';
import { readInput } from '../policy/read-input.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly name: string;
  readonly sandbox?: string;
  readonly anyBinary?: boolean;
  readonly output: DocumentFormat;
  readonly strict?: boolean;
}

/** `policy import FILE`: OpenShell's YAML in, ours out, and a report of every difference. Needs no cluster. */
export function registerPolicyImport(policy: Command, context: CommandContext): void {
  policy
    .command('import')
    .argument('<file>', 'OpenShell or NemoClaw policy, version 1; - is stdin')
    .description('Turn an OpenShell policy into an EgressPolicy; the report goes to stderr')
    .option('--name <name>', 'of the EgressPolicy', 'imported')
    .option('--sandbox <sandbox>', 'also write the fields of this Sandbox, and select it alone')
    .option('--any-binary', 'entries without binaries are for any executable')
    .addOption(new Option('-o, --output <format>').choices(['yaml', 'json']).default('yaml'))
    .option('--strict', 'fail too when something is left out or without effect')
    .addHelpText('after', examples)
    .action((file: string, options: Options) => importFile(file, options, context));
}

const examples = `
Examples:
  kubectl creel policy import policy.yaml > egress.yaml
  kubectl creel policy import policy.yaml --any-binary -n agents \\
    | kubectl apply --server-side -f -
`;

function importFile(file: string, options: Options, context: CommandContext): void {
  const namespace = context.namespaceOption();
  const { findings, documents } = importPolicy(readInput(file), {
    name: options.name,
    anyBinary: options.anyBinary ?? false,
    ...(namespace === undefined ? {} : { namespace }),
    ...(options.sandbox === undefined ? {} : { sandbox: options.sandbox }),
  });
  if (findings.length > 0) context.printError(formatReport(findings, file === '-' ? '(stdin)' : file));
  const fatal = findings.filter(
    ({ kind }) => kind === 'Refused' || (options.strict === true && (kind === 'Unsupported' || kind === 'Inert')),
  );
  if (fatal.length > 0) throw new UserError(`nothing is imported: correct the ${fatal.length} above and import again`);
  context.print(formatDocuments(documents, options.output));
}
