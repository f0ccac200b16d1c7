import type { Command } from 'commander';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { creelPath } from '../kube/paths.ts';
import { formatAge } from '../output/format-age.ts';
import { formatTable } from '../output/format-table.ts';
import type { CommandContext } from './command-context.ts';

const header = ['NAME', 'SANDBOX', 'HOST', 'PORT', 'BINARY', 'HITS', 'STATUS', 'AGE'];

/** `approvals [--watch]`: what is asked for and what became of it. */
export function registerApprovals(program: Command, context: CommandContext): void {
  program
    .command('approvals')
    .description('List what sandboxes have asked for')
    .option('-w, --watch', 'go on and print changes')
    .option('--all', 'ended requests too')
    .addHelpText('after', '\nExample:\n  kubectl creel approvals --watch\n')
    .action(async (options: { watch?: boolean; all?: boolean }) => {
      const api = await context.api();
      const path = creelPath(api.namespace, 'approvalrequests');
      const list = await api.get<{ items: ApprovalRequest[]; metadata: { resourceVersion: string } }>(path);
      const open = list.items.filter(request => options.all || !hasEnded(request));
      context.print(
        open.length > 0 ? formatTable(header, open.map(toRow)) : `nothing is asked for in namespace ${api.namespace}`,
      );
      if (!options.watch) return;
      for await (const { type, object } of api.watch<ApprovalRequest>(
        path,
        { resourceVersion: list.metadata.resourceVersion },
        context.signal,
      )) {
        if (type === 'ADDED' || type === 'MODIFIED') context.print(toRow(object).join('   '));
      }
    });
}

function hasEnded(request: ApprovalRequest): boolean {
  return ['Denied', 'Expired', 'Revoked', 'Superseded'].includes(request.status?.phase ?? 'Pending');
}

function toRow(request: ApprovalRequest): string[] {
  const { sandbox, egress, gpu } = request.spec;
  const created = Date.parse(request.metadata.creationTimestamp ?? '');
  return [
    request.metadata.name,
    sandbox.name,
    egress?.host ?? gpu?.resource ?? '',
    String(egress?.port ?? ''),
    egress?.binary?.path ?? '',
    String(request.status?.hits ?? 0),
    request.status?.phase ?? 'Pending',
    Number.isNaN(created) ? '' : formatAge(created, Date.now()),
  ];
}
