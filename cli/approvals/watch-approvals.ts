import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { CommandContext } from '../commands/command-context.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { watchCollection } from '../kube/watch-collection.ts';
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
  const matches = matchesApproval(options);
  const printed = new Map<string, string>();
  const print = createPrinter(context, options.output, namespace === undefined);
  for await (const event of watchCollection<ApprovalRequest>(
    api,
    creelPath(namespace, 'approvalrequests'),
    context.signal,
  )) {
    if (event.type === 'Lost') {
      context.printError(`warning: ${event.message}; trying again`);
      continue;
    }
    if (event.type === 'Deleted') {
      printed.delete(event.object.metadata.uid);
      continue;
    }
    const changed = event.type === 'Listed' ? oldestFirst(event.items) : [event.object];
    const news = changed.filter(request => {
      const { uid } = request.metadata;
      const isNew = fingerprint(request) !== printed.get(uid) && (matches(request) || printed.has(uid));
      if (isNew) printed.set(uid, fingerprint(request));
      return isNew;
    });
    print(news);
  }
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
  context: CommandContext,
  format: ObjectFormat | undefined,
  withNamespace: boolean,
): (requests: readonly ApprovalRequest[]) => void {
  let widths: readonly number[] | undefined;
  return requests => {
    if (format === 'json') for (const request of requests) context.print(formatJson(withoutManagedFields(request)));
    else if (format === 'yaml')
      for (const request of requests) context.print(`---\n${formatYaml(withoutManagedFields(request)).trimEnd()}`);
    else if (format === 'name') for (const request of requests) context.print(qualifiedName(request));
    else {
      const { header, toRow } = tableOf({ columns: approvalColumns(Date.now()), nothing: '', withNamespace }, format);
      const rows = requests.map(toRow);
      const { columns, paint } = context;
      const isFirst = widths === undefined;
      widths ??= tableWidths(header, rows).map((width, at) => Math.max(width, usualWidths[header[at] ?? ''] ?? 0));
      const isTooWide = columns !== undefined && widths.reduce((sum, one) => sum + one + 3, -3) > columns;
      const lines = isFirst && !isTooWide ? [header, ...rows] : rows;
      if (lines.length === 0) return;
      context.print(isTooWide ? formatStacked(header, rows, columns, paint) : formatRows(lines, { paint, widths }));
    }
  };
}
