import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { sampledRequests } from '../../engine/compile/sampled-requests.ts';
import { approvalColumns } from '../approvals/approval-columns.ts';
import { type ApprovalFilter, listApprovals, matchesApproval } from '../approvals/filter-approvals.ts';
import { requestWarnings } from '../approvals/request-warnings.ts';
import type { CommandContext } from '../commands/command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { noPaint } from '../output/paint.ts';
import { formatRowsFor, tableOf } from '../output/print-objects.ts';
import { UserError } from '../user-error.ts';
import type { Verdict } from './decision-of.ts';

export interface Choice extends Pick<ApprovalFilter, 'sandbox' | 'host'> {
  readonly all?: boolean;
  readonly yes?: boolean;
  /** For how long and how widely: shown before the question. */
  readonly how?: string;
}

/** Those that stand open for a verdict: only they are meant by --all. */
const openFor: Readonly<Record<Verdict, ReadonlySet<string>>> = {
  Approve: new Set(['Pending', 'Snoozed']),
  Deny: new Set(['Pending', 'Snoozed']),
  Snooze: new Set(['Pending']),
  Revoke: new Set(['Approved', 'Enforced']),
};

/**
 * The requests as they were seen: by name, or with --all those that are listed now, which a person confirms.
 * What is asked for after that list is none of them.
 */
export async function chooseRequests(
  context: CommandContext,
  api: Api,
  names: readonly string[],
  verdict: Verdict,
  choice: Choice,
): Promise<readonly ApprovalRequest[]> {
  const command = `kubectl creel ${verdict.toLowerCase()}`;
  const isFiltered = choice.sandbox !== undefined || choice.host !== undefined;
  if (choice.all !== true) {
    if (names.length === 0 || isFiltered)
      throw new UserError(isFiltered ? '--sandbox and --host go with --all' : 'name a request, or give --all', {
        exitCode: exitCodes.usage,
        try: [`kubectl creel -n ${api.namespace} approvals`, `${command} apr/NAME`],
      });
    const bare = new Set(names.map(bareName));
    return Promise.all(
      [...bare].map(name => api.get<ApprovalRequest>(creelPath(api.namespace, 'approvalrequests', name))),
    );
  }
  if (names.length > 0) throw new UserError('give names or --all, not both', { exitCode: exitCodes.usage });
  const matches = matchesApproval({ ...choice, all: true });
  const listed = (await listApprovals(api, api.namespace)).filter(
    request => matches(request) && openFor[verdict].has(request.status?.phase ?? 'Pending'),
  );
  if (listed.length === 0) throw new UserError(`nothing to ${verdict.toLowerCase()} in namespace ${api.namespace}`);
  if (choice.yes !== true) await confirmList(context, listed, verdict, command, choice.how);
  return listed;
}

/** `apr/NAME`, `approvalrequest.creel.dev/NAME` (as -o name prints it) or the name. */
function bareName(text: string): string {
  return text.replace(/^(apr|approvalrequests?(\.creel\.dev)?)\//, '');
}

async function confirmList(
  context: CommandContext,
  listed: readonly ApprovalRequest[],
  verdict: Verdict,
  command: string,
  how: string | undefined,
): Promise<void> {
  const { header, toRow } = tableOf({ columns: approvalColumns(Date.now()), nothing: '' }, undefined);
  context.printError(
    formatRowsFor(
      { paint: noPaint, ...(context.columns === undefined ? {} : { columns: context.columns }) },
      header,
      listed.map(toRow),
    ),
  );
  if (verdict === 'Approve')
    for (const { spec, status } of listed)
      if (spec.egress?.reason === 'RequestNotAllowed')
        for (const { method, path } of sampledRequests(spec.egress.host, status?.samples ?? []))
          context.printError(`request: ${method} ${spec.egress.host}${path}`);
  for (const request of listed)
    for (const warning of requestWarnings(request))
      context.printError(`warning: ${request.spec.egress?.host ?? request.metadata.name}: ${warning}`);
  if (how !== undefined) context.printError(how);
  if (await context.confirm(`${verdict} these ${listed.length}?`)) return;
  throw new UserError('nothing was decided: not confirmed', {
    try: [`${command} --all --yes    # where nobody can be asked`],
  });
}
