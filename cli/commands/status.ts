import type { Command } from 'commander';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { creelPath } from '../kube/paths.ts';
import { formatTable } from '../output/format-table.ts';
import type { CommandContext } from './command-context.ts';

/** `status [NAME]`: how the sandboxes of a namespace are, and what is wrong with one. */
export function registerStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .argument('[sandbox]')
    .description('How sandboxes are: phase, model, policy in force, and every condition of one')
    .addHelpText('after', '\nExamples:\n  kubectl creel status\n  kubectl creel status my-assistant\n')
    .action(async (name: string | undefined) => {
      const api = await context.api();
      if (name !== undefined) {
        const sandbox = await api.get<Sandbox>(creelPath(api.namespace, 'sandboxes', name));
        context.print(formatTable(header, [toRow(sandbox)]));
        const conditions = sandbox.status?.conditions ?? [];
        context.print(
          `\n${formatTable(
            ['CONDITION', 'STATUS', 'REASON', 'MESSAGE'],
            conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
          )}`,
        );
        return;
      }
      const { items } = await api.get<{ items: Sandbox[] }>(creelPath(api.namespace, 'sandboxes'));
      context.print(
        items.length > 0 ? formatTable(header, items.map(toRow)) : `no Sandbox in namespace ${api.namespace}`,
      );
    });
}

const header = ['SANDBOX', 'PHASE', 'PROFILE', 'MODEL', 'PENDING', 'POLICY'];

function toRow({ metadata, status }: Sandbox): string[] {
  const enforced = `${status?.policy?.enforcedRevision ?? '-'}/${status?.policy?.revision ?? '-'}`;
  return [
    metadata.name,
    status?.phase ?? 'Unknown',
    status?.inference?.profile ?? '',
    status?.inference?.model ?? '',
    String(status?.pending ?? 0),
    enforced,
  ];
}
