import { type Command, Option } from 'commander';
import { describeCause, describeQuestion } from '../../engine/decide/describe-evaluation.ts';
import { compileSet } from '../policy/compile-set.ts';
import { formatIssue } from '../policy/format-issue.ts';
import { type PolicyTestResult, runTests } from '../policy/run-tests.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';
import { type PolicySetOptions, policySetOf, withFiles } from './policy-set-options.ts';

interface Options extends PolicySetOptions {
  readonly output: 'tap' | 'json';
}

const examples = `
Examples:
  kubectl creel policy test -f policies/presets/npm/npm.yaml
  kubectl creel policy test my-assistant     # the policies that select it
`;

/** `policy test`: spec.tests; fails when one does, or when a rule is refused. */
export function registerPolicyTest(policy: Command, context: CommandContext): void {
  withFiles(policy.command('test').argument('[sandbox]'))
    .description('Run the tests that policies carry (spec.tests)')
    .addOption(new Option('-o, --output <format>').choices(['tap', 'json']).default('tap'))
    .addHelpText('after', examples)
    .action(async (sandbox: string | undefined, options: Options) => {
      const set = await policySetOf(sandbox, options, context);
      const issues = compileSet(set, Date.now()).issues.filter(({ reason }) => reason !== 'TestFailed');
      const results = runTests(set);
      for (const gap of set.gaps) context.printError(`warning: ${gap}`);
      for (const issue of issues) context.printError(`error: ${formatIssue(issue)}`);
      if (options.output === 'json') context.print(JSON.stringify(results, null, 2));
      else for (const line of tap(results)) context.print(line);
      const failed = results.filter(({ passed }) => !passed).length;
      if (failed + issues.length > 0)
        throw new UserError(
          `${failed} of ${results.length} tests failed, ${issues.length} rules refused; see kubectl creel policy explain`,
        );
    });
}

function tap(results: readonly PolicyTestResult[]): string[] {
  const lines = results.map(({ policy, request, expect, got, passed }, at) => {
    const line = `${passed ? 'ok' : 'not ok'} ${at + 1} - ${policy}: ${describeQuestion(request)} → ${expect}`;
    return passed ? line : `${line}\n# got ${got.verdict} (${describeCause(got)})`;
  });
  return [...lines, results.length === 0 ? '1..0 # no policy here has spec.tests' : `1..${results.length}`];
}
