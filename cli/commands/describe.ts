import type { Command } from 'commander';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { describeRequest } from '../describe/describe-request.ts';
import { describeSandbox } from '../describe/describe-sandbox.ts';
import { loadStory } from '../describe/load-story.ts';
import { creelPath } from '../kube/paths.ts';
import type { CommandContext } from './command-context.ts';

const examples = `
Examples:
  kubectl creel describe my-assistant
  kubectl creel describe apr/apr-x2k…
`;

/** `describe SANDBOX|apr/NAME`: the whole story of one, with what to type next. */
export function registerDescribe(program: Command, context: CommandContext): void {
  program
    .command('describe')
    .argument('<sandbox>', 'a sandbox, or apr/NAME for one request')
    .description('The whole story of a sandbox or of one request')
    .addHelpText('after', examples)
    .action(async (what: string) => {
      const api = await context.api();
      const { kind = 'csb', name = what } = /^(?<kind>[a-z.]+)\/(?<name>.*)$/.exec(what)?.groups ?? {};
      if (
        /^(apr|approvals?|approvalrequests?(\.creel\.dev)?)$/.test(kind) ||
        (kind === 'csb' && name.startsWith('apr-'))
      ) {
        const request = await api.get<ApprovalRequest>(creelPath(api.namespace, 'approvalrequests', name));
        context.print(describeRequest(request, Date.now()));
      } else context.print(describeSandbox(await loadStory(api, name), Date.now()));
    });
}
