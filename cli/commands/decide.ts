import { type Command, Option } from 'commander';
import { type Choice, chooseRequests } from '../decisions/choose-requests.ts';
import { decideSeveral } from '../decisions/decide-several.ts';
import type { DecisionOptions, Verdict } from '../decisions/decision-of.ts';
import { scopes } from '../decisions/decision-scope.ts';
import { collectRequest, parseApprovalTime, parseSnoozeTime, parseUses } from '../decisions/parse-decision-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { whoAmI } from '../kube/who-am-i.ts';
import { UserError } from '../user-error.ts';
import { withApprovalFilter } from './approvals.ts';
import type { CommandContext } from './command-context.ts';

interface Options extends Omit<DecisionOptions, 'requests'>, Choice {
  readonly request?: DecisionOptions['requests'];
  readonly wait: boolean;
}

const effectTimeoutMs = 10_000;
/** Nothing longer without a word: the shortest of the usual times. */
const defaultApproval = '5m';
const defaultSnooze = '1h';

/** `approve`, `deny`, `snooze` and `revoke`: decisions written as the caller and awaited until they are in force. */
export function registerDecisions(program: Command, context: CommandContext): void {
  const decision = (verdict: Verdict, description: string, examples: string): Command =>
    withApprovalFilter(
      program
        .command(verdict.toLowerCase())
        .argument('[request...]', 'names of ApprovalRequests, with or without apr/')
        .description(description),
    )
      .option('--all', 'every open one that is listed now; you are asked, and what is asked for later is not meant')
      .option('-y, --yes', 'with --all: do not ask')
      .option('--no-wait', 'return once the decision is stored, without waiting for its effect')
      .addHelpText('after', examples)
      .action((names: string[], options: Options) => decide(context, verdict, names, options));

  decision('Approve', 'Let a sandbox have what it asked for, for a while', approveExamples)
    .addOption(
      new Option('--for <duration>', '5m, 1h, 8h, session (until the pod is replaced); default 5m').argParser(
        parseApprovalTime,
      ),
    )
    .addOption(
      new Option(
        '--scope <scope>',
        'Binary (this executable only), Endpoint (any process of the sandbox) or Request (only what was tried); default the narrowest',
      ).choices(scopes),
    )
    .addOption(
      new Option('--request <request>', 'only this, as "GET /path"; may be repeated').argParser(collectRequest),
    )
    .addOption(
      new Option('--max-uses <count>', 'so many connections or requests, then it is over').argParser(parseUses),
    )
    .option('--reason <text>', 'kept with the decision');
  decision('Deny', 'Refuse, and tell the agent why', denyExamples).option(
    '--reason <text>',
    'reaches the agent in its 403, so that it can do something else',
  );
  decision('Snooze', 'Not now: neither allowed nor asked about for a while', snoozeExamples)
    .addOption(new Option('--for <duration>', 'how long').argParser(parseSnoozeTime).default(defaultSnooze))
    .option('--reason <text>', 'kept with the decision');
  decision('Revoke', 'Take an approval back; open connections it allowed are closed', revokeExamples).option(
    '--reason <text>',
    'kept with the decision',
  );
}

const approveExamples = `
Examples:
  kubectl creel approve apr/apr-x2k… --for 1h
  kubectl creel approve apr-x2k… apr-7fq… --for 8h --scope Endpoint --reason "CI mirror"
  kubectl creel approve apr-x2k… --request "GET /v1/models" --max-uses 3
  kubectl creel approve --all --sandbox my-assistant --host '*.pypi.org' --for 1h
`;
const denyExamples = `
Examples:
  kubectl creel deny apr/apr-x2k… --reason "use the mirror"
  kubectl creel deny --all --host '*.ngrok.io' --yes
`;
const snoozeExamples = '\nExample:\n  kubectl creel snooze apr/apr-x2k… --for 8h\n';
const revokeExamples = `
Examples:
  kubectl creel revoke apr/apr-x2k…
  kubectl creel revoke --all --sandbox my-assistant --yes
`;

async function decide(
  context: CommandContext,
  verdict: Verdict,
  names: readonly string[],
  options: Options,
): Promise<void> {
  const { request, wait, ...rest } = options;
  if (request !== undefined && (rest.scope ?? 'Request') !== 'Request')
    throw new UserError(`--request makes the scope Request, --scope says ${rest.scope}: leave one out`, {
      exitCode: exitCodes.usage,
    });
  const api = await context.api();
  const how =
    verdict === 'Approve'
      ? `each for ${rest.for ?? defaultApproval}, scope ${rest.scope ?? 'the narrowest that was seen'}`
      : undefined;
  const requests = await chooseRequests(context, api, names, verdict, {
    ...rest,
    ...(how === undefined ? {} : { how }),
  });
  const isUntimedGpu =
    verdict === 'Approve' && rest.for === undefined && requests.some(({ spec }) => spec.type === 'GPU');
  if (isUntimedGpu)
    throw new UserError('a GPU is approved for a time that you name: when it is over the sandbox is suspended', {
      exitCode: exitCodes.usage,
      try: [`kubectl creel -n ${api.namespace} approve ${names.join(' ') || '--all'} --for 8h`],
    });
  await decideSeveral(context, api, requests, {
    verdict,
    options: {
      ...rest,
      ...(verdict === 'Approve' && rest.for === undefined ? { for: defaultApproval } : {}),
      ...(request === undefined ? {} : { requests: request }),
    },
    by: await whoAmI(api),
    waitMs: wait ? effectTimeoutMs : 0,
  });
}
