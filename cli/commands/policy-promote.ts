import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { selectorMatches } from '../../engine/compile/selector-matches.ts';
import type { Api } from '../kube/api.ts';
import { loadPolicySet } from '../kube/load-policy-set.ts';
import { creelPath } from '../kube/paths.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { defaultName, formatPromoted } from '../policy/promote/format-promoted.ts';
import { promoteGrants } from '../policy/promote/promote-grants.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly sandbox: string;
  readonly name?: string;
  readonly selector?: string;
  readonly output?: string;
}

const examples = `
Example:
  kubectl creel policy promote --sandbox my-assistant -o policies/my-assistant.yaml
  git add policies/my-assistant.yaml && git commit   # and let the pipeline apply it
`;
/** What deployment tools write on what they own: a selector of these would not survive the next tool. */
const toolLabels =
  /^(app\.kubernetes\.io\/managed-by$|argocd\.argoproj\.io\/|kustomize\.toolkit\.fluxcd\.io\/|helm\.toolkit\.fluxcd\.io\/)/;
const soonMs = 3_600_000;

/** `policy promote`: what people approved, as a policy for a pull request. Writes nothing to the cluster. */
export function registerPolicyPromote(policy: Command, context: CommandContext): void {
  policy
    .command('promote')
    .description("Print a sandbox's approvals as an EgressPolicy, to be kept in Git")
    .requiredOption('--sandbox <sandbox>', 'whose approvals')
    .option(
      '--name <name>',
      'of the EgressPolicy (default: the sandbox and -approved); one that exists keeps its rules',
    )
    .option('-l, --selector <key=value,…>', "which sandboxes it is for (default: the sandbox's labels)")
    .option('-o, --output <file>', 'write it there (default: print it)')
    .addHelpText('after', examples)
    .action(async ({ sandbox, output, ...options }: Options) => {
      const api = await context.api();
      const set = await loadPolicySet(api, sandbox);
      const name = options.name ?? defaultName(sandbox);
      const nowMs = Date.now();
      const promoted = promoteGrants(set, { name, selector: selectorOf(set, name, options.selector), nowMs });
      for (const gap of set.gaps) context.printError(`warning: ${gap}`);
      for (const { request, why } of promoted.refused) context.printError(`warning: ${request} is not in it: ${why}`);
      if ((promoted.policy.spec.allow ?? []).length === 0)
        throw new UserError(
          `nothing to promote: no approval of ${sandbox} is in force; see: kubectl creel -n ${api.namespace} approvals --all`,
        );
      for (const warning of await warningsOf(api, promoted.policy.spec.sandboxSelector, sandbox))
        context.printError(warning);
      for (const request of promoted.requests) for (const hint of expiryOf(request, nowMs)) context.printError(hint);
      const text = formatPromoted(promoted, sandbox);
      if (output === undefined) context.print(text.trimEnd());
      else await writeOut(output, text);
    });
}

/** Never by an empty map of our own making: that is every sandbox of the namespace, and nobody approved that. */
function selectorOf(
  { sandbox, policies }: PolicySet,
  policyName: string,
  given: string | undefined,
): Readonly<Record<string, string>> {
  const present = policies.find(({ metadata }) => metadata.name === policyName);
  if (given === undefined && present !== undefined) return present.spec.sandboxSelector.matchLabels ?? {};
  const own = sandbox.metadata.labels ?? {};
  const chosen: Readonly<Record<string, string>> =
    given === undefined
      ? Object.fromEntries(Object.entries(own).filter(([key]) => !toolLabels.test(key)))
      : Object.fromEntries(
          given.split(',').map(pair => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')]),
        );
  const { name, namespace } = sandbox.metadata;
  if (Object.keys(chosen).length === 0)
    throw new UserError(
      `Sandbox ${name} has no label to select it by, and a policy for all of the namespace is more than was approved; run: kubectl -n ${namespace} label sandbox ${name} agent=${name}`,
    );
  for (const [key, value] of Object.entries(chosen))
    if (own[key] !== value)
      throw new UserError(
        `--selector ${given}: Sandbox ${name} has ${own[key] === undefined ? `no label ${key}` : `${key}=${own[key]}`}, so the policy would not be for it; see: kubectl -n ${namespace} get sandbox ${name} --show-labels`,
      );
  return chosen;
}

/** Others that the policy would let do the same. */
async function warningsOf(
  api: Api,
  selector: Parameters<typeof selectorMatches>[0],
  sandbox: string,
): Promise<readonly string[]> {
  const { items } = await api.get<{ items: readonly Sandbox[] }>(creelPath(api.namespace, 'sandboxes'));
  const others = items
    .filter(({ metadata }) => metadata.name !== sandbox && selectorMatches(selector, metadata.labels))
    .map(({ metadata }) => metadata.name);
  if (others.length === 0) return [];
  const named = `${others.slice(0, 5).join(', ')}${others.length > 5 ? ` and ${others.length - 5} more` : ''}`;
  return [`warning: the policy selects ${named} too; narrow it with --selector, or give ${sandbox} a label of its own`];
}

function expiryOf({ metadata, status }: ApprovalRequest, nowMs: number): readonly string[] {
  const leftMs = status?.phase === 'Superseded' ? Number.NaN : Date.parse(status?.expiresAt ?? '') - nowMs;
  if (Number.isNaN(leftMs) || leftMs > soonMs) return [];
  return [
    `note: ${metadata.name} ends in ${Math.max(1, Math.round(leftMs / 60_000))} min; apply the policy before that, or it is asked for again`,
  ];
}

async function writeOut(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UserError(`--output ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
