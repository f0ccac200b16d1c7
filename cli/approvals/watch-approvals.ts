import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { CommandContext } from '../commands/command-context.ts';
import type { Api } from '../kube/api.ts';
import { followCollection } from '../kube/follow-collection.ts';
import { creelPath } from '../kube/paths.ts';
import { formatJson, formatYaml } from '../output/format-documents.ts';
import { formatStacked } from '../output/format-stacked.ts';
import { formatRows, tableWidths } from '../output/format-table.ts';
import { type ObjectFormat, qualifiedName, tableOf, withoutManagedFields } from '../output/print-objects.ts';
import { approvalColumns } from './approval-columns.ts';
import { type ApprovalFilter, matchesApproval, oldestFirst } from './filter-approvals.ts';

/** A first list, then a line for each change that a reader of the table could see, until the signal ends. */
export async function watchApprovals(
  context: CommandContext,
  api: Api,
  namespace: string | undefined,
  options: ApprovalFilter & { readonly output?: ObjectFormat },
): Promise<void> {
  const path = creelPath(namespace, 'approvalrequests');
  // A refusal at the start is the user's to put right; later ones pass.
  await api.get(`${path}?limit=1`);
  const matches = matchesApproval(options);
  const print = createPrinter(context, options.output, namespace === undefined);
  const printed = new Map<string, string>();
  const takeNews = (request: ApprovalRequest): boolean => {
    const { uid } = request.metadata;
    const now = fingerprint(request);
    // What was shown is shown to its end, even where the filter leaves out what has ended.
    const isNews = now !== printed.get(uid) && (matches(request) || printed.has(uid));
    if (isNews) printed.set(uid, now);
    return isNews;
  };
  let trouble: string | undefined;
  await followCollection<ApprovalRequest>(
    api,
    path,
    {
      onHeard: () => (trouble = undefined),
      onTrouble(message) {
        if (message !== trouble) context.printError(`warning: ${message}; trying again`);
        trouble = message;
      },
      onChange(change) {
        if (change.type === 'Remove') printed.delete(change.object.metadata.uid);
        else print(oldestFirst(change.type === 'Replace' ? change.objects : [change.object]).filter(takeNews));
      },
    },
    context.signal,
  );
}

/** What makes a line worth printing again: not each hit of a busy agent. */
function fingerprint({ status, spec }: ApprovalRequest): string {
  return JSON.stringify([status?.phase, status?.expiresAt, spec.decision]);
}

/** Of what is not there yet: later lines keep to the columns of the first. */
const usualWidths: Readonly<Record<string, number>> = {
  NAMESPACE: 10,
  NAME: 30,
  SANDBOX: 12,
  HOST: 22,
  BINARY: 15,
  STATUS: 8,
  EXPIRES: 8,
};

function createPrinter(
  { print, paint, columns }: CommandContext,
  format: ObjectFormat | undefined,
  withNamespace: boolean,
): (requests: readonly ApprovalRequest[]) => void {
  let widths: readonly number[] | undefined;
  const printRows = (requests: readonly ApprovalRequest[]) => {
    const { header, toRow } = tableOf({ columns: approvalColumns(Date.now()), nothing: '', withNamespace }, format);
    const rows = requests.map(toRow);
    const isFirst = widths === undefined;
    widths ??= tableWidths(header, rows).map((width, at) => Math.max(width, usualWidths[header[at] ?? ''] ?? 0));
    const isTooWide = columns !== undefined && widths.reduce((sum, one) => sum + one + 3, -3) > columns;
    const lines = isFirst && !isTooWide ? [header, ...rows] : rows;
    if (lines.length === 0) return;
    print(isTooWide ? formatStacked(header, rows, columns, paint) : formatRows(lines, { paint, widths }));
  };
  return requests => {
    if (format === 'json') for (const request of requests) print(formatJson(withoutManagedFields(request)));
    else if (format === 'yaml')
      for (const request of requests) print(`---\n${formatYaml(withoutManagedFields(request)).trimEnd()}`);
    else if (format === 'name') for (const request of requests) print(qualifiedName(request));
    else printRows(requests);
  };
}
