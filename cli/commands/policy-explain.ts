import { type Command, Option } from 'commander';
import { compileSet } from '../policy/compile-set.ts';
import { explain } from '../policy/explain.ts';
import { formatExplanation } from '../policy/format-explanation.ts';
import { parseTarget } from '../policy/parse-target.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';
import { type PolicySetOptions, policySetOf, withFiles } from './policy-set-options.ts';

interface Options extends PolicySetOptions {
  readonly method?: string;
  readonly path?: string;
  readonly binary?: string;
  readonly output: 'text' | 'json';
}

const examples = `
Examples:
  kubectl creel policy explain my-assistant api.github.com --path /user
  kubectl creel policy explain -f egress.yaml example.com:8080 \\
    --method POST --path /v1/items --binary /usr/bin/curl
`;

/** `policy explain`: what becomes of one request, and what every rule of its host says of it. */
export function registerPolicyExplain(policy: Command, context: CommandContext): void {
  withFiles(policy.command('explain').argument('<what...>', '[SANDBOX] HOST[:PORT]; the port is 443 by default'))
    .description('Why a request is allowed, asked about or denied')
    .option('--method <method>', 'of the HTTP request')
    .option('--path <path>', 'of the HTTP request, with its query')
    .option('--binary <path>', 'executable that owns the socket')
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples)
    .action(async (what: string[], options: Options) => {
      const target = what.at(-1) ?? '';
      if (what.length > 2) throw new UserError(`too much: ${what.join(' ')}; write [SANDBOX] HOST[:PORT]`);
      const set = await policySetOf(what.length === 2 ? what[0] : undefined, options, context);
      const { method, path, binary } = options;
      const question = { ...parseTarget(target), method: method?.toUpperCase(), path, binary };
      const nowMs = Date.now();
      const explanation = explain(set, compileSet(set, nowMs), question, nowMs);
      context.print(options.output === 'json' ? JSON.stringify(explanation, null, 2) : formatExplanation(explanation));
    });
}
