import type { Command } from 'commander';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { decisionOf } from '../decisions/decision-of.ts';
import { submitDecision } from '../decisions/submit-decision.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { watchUntil } from '../kube/watch-until.ts';
import { whoAmI } from '../kube/who-am-i.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

type Verdict = 'Approve' | 'Deny' | 'Revoke';
interface Options {
  readonly for?: string;
  readonly scope?: string;
  readonly reason?: string;
}

/** What must come true in status before a verdict has its effect. */
const effectOf = { Approve: 'Enforced', Deny: 'Denied', Revoke: 'Revoked' } as const;
const effectTimeoutMs = 10_000;

/** `approve`, `deny` and `revoke`: one decision each, written as the caller and awaited until it is in force. */
export function registerDecisions(program: Command, context: CommandContext): void {
  program
    .command('approve')
    .argument('<request...>', 'names of ApprovalRequests, with or without apr/')
    .description('Let a sandbox reach what it asked for, for a while')
    .option('--for <duration>', '5m, 1h, 8h, or session (until the pod is replaced)', '5m')
    .option(
      '--scope <scope>',
      'Binary (this executable only), Endpoint (any process of the sandbox) or Request (only what was tried; default where a rule inspects requests)',
    )
    .option('--reason <text>', 'kept with the decision')
    .addHelpText('after', '\nExample:\n  kubectl creel approve apr/apr-x2k… --for 1h\n')
    .action((names: string[], options: Options) => decideAll(context, 'Approve', names, options));
  program
    .command('deny')
    .argument('<request...>')
    .description('Refuse, and tell the agent why')
    .option('--reason <text>', 'reaches the agent in its 403, so that it can do something else')
    .addHelpText('after', '\nExample:\n  kubectl creel deny apr/apr-x2k… --reason "use the mirror"\n')
    .action((names: string[], options: Options) => decideAll(context, 'Deny', names, options));
  program
    .command('revoke')
    .argument('<request...>')
    .description('Take an approval back; open connections it allowed are closed')
    .option('--reason <text>')
    .addHelpText('after', '\nExample:\n  kubectl creel revoke apr/apr-x2k…\n')
    .action((names: string[], options: Options) => decideAll(context, 'Revoke', names, options));
}

async function decideAll(
  context: CommandContext,
  verdict: Verdict,
  names: readonly string[],
  options: Options,
): Promise<void> {
  const api = await context.api();
  const by = await whoAmI(api);
  for (const name of names)
    await decide(api, context, verdict, name.replace(/^(apr|approvalrequests?)\//, ''), by, options);
}

async function decide(
  api: Api,
  context: CommandContext,
  verdict: Verdict,
  name: string,
  by: string,
  options: Options,
): Promise<void> {
  const path = creelPath(api.namespace, 'approvalrequests', name);
  const seen = await api.get<ApprovalRequest>(path);
  const decision = decisionOf(seen, verdict, options, by);
  const started = performance.now();
  const stored = await submitDecision(api, seen, decision);
  const wanted = seen.spec.type === 'GPU' && verdict === 'Approve' ? 'Approved' : effectOf[verdict];
  const done = await watchUntil(api, path, stored, request => request.status?.phase === wanted, effectTimeoutMs);
  const took = Math.round(performance.now() - started);
  const target = describeTarget(seen);
  if (!done) {
    throw new UserError(
      `${name} is decided (${verdict}) but not yet ${wanted}: ${target}. The sandbox may be stopped or the operator down; see: kubectl -n ${api.namespace} describe apr ${name}`,
    );
  }
  context.print(
    `${name} ${wanted.toLowerCase()}: ${target}${done.status?.expiresAt ? `, until ${done.status.expiresAt}` : ''} (${took} ms)`,
  );
}

function describeTarget(request: ApprovalRequest): string {
  const { sandbox, egress, gpu } = request.spec;
  if (egress)
    return `${sandbox.name} → ${egress.host}:${egress.port}${egress.binary ? ` by ${egress.binary.path}` : ''}`;
  return `${sandbox.name} → ${gpu?.count ?? 1} × ${gpu?.resource ?? 'GPU'}`;
}
