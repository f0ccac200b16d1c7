import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { formatAge } from '../output/format-age.ts';
import type { Column } from '../output/print-objects.ts';
import { badConditions } from './bad-conditions.ts';

export function sandboxColumns(nowMs: number): readonly Column<Sandbox>[] {
  return [
    { title: 'SANDBOX', cell: ({ metadata }) => metadata.name },
    { title: 'PHASE', cell: ({ status }) => status?.phase ?? 'Unknown' },
    { title: 'PROFILE', cell: ({ status }) => status?.inference?.profile ?? '' },
    { title: 'MODEL', cell: ({ status }) => status?.inference?.model ?? '' },
    { title: 'PENDING', cell: ({ status }) => String(status?.pending ?? 0) },
    { title: 'POLICY', cell: enforcedOf },
    { title: 'AGE', cell: ({ metadata }) => formatAge(Date.parse(metadata.creationTimestamp), nowMs) },
    { title: 'POD', cell: ({ status }) => status?.pod ?? '', isWide: true },
    { title: 'IMAGE', cell: ({ spec }) => spec.image, isWide: true },
    { title: 'WHY', cell: sandbox => badConditions(sandbox)[0]?.message ?? '', isWide: true },
  ];
}

/** The revision, and the one in force where that is another. */
function enforcedOf({ status }: Sandbox): string {
  const { revision, enforcedRevision } = status?.policy ?? {};
  if (revision === undefined) return '-';
  return revision === enforcedRevision ? revision : `${enforcedRevision ?? '-'}/${revision}`;
}
