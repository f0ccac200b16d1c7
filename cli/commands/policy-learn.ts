import { type Command, Option } from 'commander';
import { Document, isMap, isSeq } from 'yaml';
import { displaySafe } from '../../engine/canonical/display.ts';
import type { Api } from '../kube/api.ts';
import { ApiError } from '../kube/api-error.ts';
import { loadPolicySet } from '../kube/load-policy-set.ts';
import { type Learnt, learnPolicy, sightingsOfRequests } from '../policy/learn-policy.ts';
import { sightingsOfLog } from '../policy/read-audit-lines.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

interface Options {
  readonly name?: string;
  readonly output: 'yaml' | 'json';
}

const examples = `
Example:
  kubectl creel policy learn my-assistant > learnt.yaml
  # read it, cut it down, then:
  kubectl apply -f learnt.yaml
`;
const maxLogLines = 10_000;

/** `policy learn SANDBOX`: what it wanted and did not get, as a policy to read. Writes nothing to the cluster. */
export function registerPolicyLearn(policy: Command, context: CommandContext): void {
  policy
    .command('learn')
    .argument('<sandbox>')
    .description('Propose the least policy for what a sandbox was denied or recorded for')
    .option('--name <name>', 'of the EgressPolicy (default: the sandbox and -learnt)')
    .addOption(new Option('-o, --output <format>').choices(['yaml', 'json']).default('yaml'))
    .addHelpText('after', examples)
    .action(async (sandbox: string, options: Options) => {
      const api = await context.api();
      const set = await loadPolicySet(api, sandbox);
      const log = await logOf(api, sandbox, context);
      const sightings = [...sightingsOfRequests(set), ...sightingsOfLog(log)];
      if (sightings.length === 0)
        throw new UserError(
          `nothing to learn from: ${sandbox} was denied nothing; see: kubectl creel -n ${api.namespace} approvals --all`,
        );
      const learnt = learnPolicy(options.name ?? `${sandbox}-learnt`, set, sightings);
      context.print(options.output === 'json' ? JSON.stringify(learnt.policy, null, 2) : formatLearnt(learnt, sandbox));
    });
}

/** Without the right to read logs, or without a pod, the requests alone are learnt from. */
async function logOf(api: Api, sandbox: string, context: CommandContext): Promise<string> {
  const path = `/api/v1/namespaces/${api.namespace}/pods/csb-${sandbox}/log?container=sidecar&tailLines=${maxLogLines}`;
  try {
    return await api.text(path);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    context.printError(`warning: without the sidecar's log: ${error.message}`);
    return '';
  }
}

function formatLearnt({ policy, comments }: Learnt, sandbox: string): string {
  const document = new Document(policy);
  document.commentBefore = ` What ${sandbox} wanted. Read every rule before you apply it: an agent chose these hosts and paths.`;
  const rules = document.getIn(['spec', 'allow']);
  for (const [at, comment] of comments.entries()) {
    const rule = isSeq(rules) ? rules.items[at] : undefined;
    if (isMap(rule)) rule.commentBefore = ` ${displaySafe(comment)}`;
  }
  return document.toString({ lineWidth: 110 }).trimEnd();
}
