import { type Command, Option } from 'commander';
import { containerNames } from '../../protocol/constants.ts';
import { type AuditLine, parseAuditLine } from '../audit/audit-line.ts';
import { type AuditFilter, matchesAudit } from '../audit/filter-audit.ts';
import { formatAuditLine } from '../audit/format-audit-line.ts';
import { readLog } from '../logs/read-log.ts';
import { formatJsonLine } from '../output/format-documents.ts';
import { parseCount, parseDurationMs } from '../parse-options.ts';
import type { CommandContext } from './command-context.ts';

interface Options extends AuditFilter {
  readonly audit?: boolean;
  readonly follow?: boolean;
  /** Milliseconds. */
  readonly since?: number;
  readonly tail?: number;
  readonly previous?: boolean;
  readonly output?: 'json';
}

const examples = `
Examples:
  kubectl creel logs my-assistant -f                        # what the agent writes
  kubectl creel logs my-assistant --audit --since 10m       # every connection
  kubectl creel logs my-assistant --verdict Deny --host '*.example.org' -f
  kubectl creel logs my-assistant --audit -o json | jq .host
`;

/** `logs SANDBOX`: the agent's output, or with --audit what the sidecar let through and stopped. */
export function registerLogs(program: Command, context: CommandContext): void {
  program
    .command('logs')
    .argument('<sandbox>')
    .description('What the agent writes, or with --audit every connection that was let through or stopped')
    .option('--audit', "the sidecar's decisions; implied by the filters below")
    .addOption(new Option('--verdict <verdict>', 'only these decisions').choices(['Allow', 'Ask', 'Deny']))
    .option('--host <pattern>', "only these hosts; * stands for anything: '*.github.com'")
    .option('--binary <pattern>', "only these executables: '*/curl'")
    .option('-f, --follow', 'go on, through restarts and new pods')
    .addOption(new Option('--since <duration>', 'only what is newer: 30s, 10m, 2h').argParser(parseDurationMs))
    .addOption(new Option('--tail <count>', 'only the last so many lines of the log').argParser(parseCount))
    .option('--previous', "of the container's last run")
    .addOption(new Option('-o, --output <format>', 'audit lines as the sidecar wrote them').choices(['json']))
    .addHelpText('after', examples)
    .action((sandbox: string, options: Options) => logs(context, sandbox, options));
}

async function logs(context: CommandContext, sandbox: string, options: Options): Promise<void> {
  const { verdict, host, binary, output, since, tail } = options;
  const isAudit = options.audit === true || [verdict, host, binary, output].some(one => one !== undefined);
  const matches = matchesAudit(options);
  const print = (line: AuditLine) =>
    context.print(output === 'json' ? formatJsonLine(line) : formatAuditLine(line, context.paint));
  const lines = readLog(
    await context.api(),
    {
      sandbox,
      container: isAudit ? containerNames.sidecar : containerNames.agent,
      follow: options.follow === true,
      previous: options.previous === true,
      ...(tail === undefined ? {} : { tailLines: tail }),
      ...(since === undefined ? {} : { sinceSeconds: Math.max(1, Math.ceil(since / 1000)) }),
      onWait: why => context.printError(why),
    },
    context.signal,
  );
  for await (const text of lines) {
    if (!isAudit) {
      context.print(text);
      continue;
    }
    const line = parseAuditLine(text);
    if (line !== undefined && matches(line)) print(line);
  }
}
