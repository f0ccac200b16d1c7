import { type Command, Option } from 'commander';
import { displaySafe } from '../../engine/canonical/display.ts';
import { wrapText } from '../output/wrap-text.ts';
import { compileSet } from '../policy/compile-set.ts';
import { type Change, diffPolicies } from '../policy/diff-policies.ts';
import { formatIssue } from '../policy/format-issue.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { otherBinary } from '../policy/probes.ts';
import { readPolicyFiles } from '../policy/read-policy-files.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';
import { policySetOf } from './policy-set-options.ts';

interface Options {
  readonly sandbox?: string;
  readonly output: 'text' | 'json';
}

const examples = `
Examples:
  kubectl creel policy diff old.yaml new.yaml

  # the cluster's policies, against the same with these in their place
  kubectl creel policy diff --sandbox my-assistant new.yaml
`;

/** `policy diff`: what would be let through that was not, and the other way round. */
export function registerPolicyDiff(policy: Command, context: CommandContext): void {
  policy
    .command('diff')
    .argument('<file...>', 'OLD NEW; with --sandbox only NEW')
    .description('Which requests a change of policy widens or narrows')
    .option('--sandbox <sandbox>', 'compare with what the cluster holds for this sandbox')
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples)
    .action(async (files: string[], options: Options) => {
      const [before, after] = await bothSets(files, options.sandbox, context);
      const nowMs = Date.now();
      const [old, now] = [compileSet(before, nowMs), compileSet(after, nowMs)];
      for (const gap of before.gaps) context.printError(`warning: ${gap}`);
      for (const issue of now.issues) context.printError(`warning: ${formatIssue(issue)}`);
      const changes = diffPolicies(old, now, nowMs);
      context.print(options.output === 'json' ? JSON.stringify(changes, null, 2) : formatChanges(changes));
    });
}

async function bothSets(
  files: readonly string[],
  sandbox: string | undefined,
  context: CommandContext,
): Promise<readonly [PolicySet, PolicySet]> {
  const namespace = context.namespaceOption() ?? 'default';
  if (sandbox === undefined) {
    const [old, now, ...more] = files;
    if (old === undefined || now === undefined || more.length > 0)
      throw new UserError('give two files, OLD and NEW, or --sandbox NAME and NEW');
    return [readPolicyFiles([old], namespace), readPolicyFiles([now], namespace)];
  }
  const live = await policySetOf(sandbox, {}, context);
  const given = readPolicyFiles(files, live.sandbox.metadata.namespace);
  return [live, { ...live, ...replaced(live, given) }];
}

/** As `kubectl apply` of the files would leave it. */
function replaced(live: PolicySet, given: PolicySet): Pick<PolicySet, 'policies' | 'clusterPolicies'> {
  return {
    policies: withReplaced(live.policies, given.policies),
    clusterPolicies: withReplaced(live.clusterPolicies, given.clusterPolicies),
  };
}

function withReplaced<T extends { readonly metadata: { readonly name: string } }>(
  old: readonly T[],
  now: readonly T[],
): readonly T[] {
  return [...old.filter(({ metadata }) => !now.some(one => one.metadata.name === metadata.name)), ...now];
}

/** By host, narrow enough for a terminal; executables for which the same changes stand together. */
function formatChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return 'no request is decided otherwise';
  const byPlace = Map.groupBy(changes, ({ effect, host, port }) => `${effect} ${displaySafe(host)}:${port}`);
  return [...byPlace].flatMap(([place, group]) => [place, ...formatGroup(group)]).join('\n');
}

function formatGroup(group: readonly Change[]): string[] {
  const byRequest = Map.groupBy(group, ({ methods, path, before, after }) =>
    JSON.stringify([methods, path, before, after]),
  );
  return [...byRequest.values()].flatMap(formatAlike);
}

/** One change, for several executables. */
function formatAlike(alike: readonly Change[]): string[] {
  const [first] = alike;
  if (first === undefined) return [];
  const request = `${first.methods.join(',')} ${first.path}`.trim() || 'every connection';
  const binaries = alike.map(({ binary }) => binary).filter(binary => binary !== otherBinary);
  const who = binaries.length === 0 ? '' : ` by ${binaries.join(', ')}`;
  const [line = '', ...more] = wrapText(displaySafe(request + who), 56);
  return [
    `  ${`${first.before} → ${first.after}`.padEnd(20)} ${line}`,
    ...more.map(rest => `  ${' '.repeat(20)}   ${rest}`),
  ];
}
