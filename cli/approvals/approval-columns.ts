import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { formatAge } from '../output/format-age.ts';
import type { Column } from '../output/print-objects.ts';
import { requestWarnings } from './request-warnings.ts';

/** Columns of a list of requests as it stands at `nowMs`; what an agent chose last in wide output. */
export function approvalColumns(nowMs: number): readonly Column<ApprovalRequest>[] {
  return [
    { title: 'NAME', cell: ({ metadata }) => metadata.name },
    { title: 'SANDBOX', cell: ({ spec }) => spec.sandbox.name },
    {
      title: 'HOST',
      cell: ({ spec: { egress, gpu } }) => egress?.host ?? `${gpu?.count ?? 1} × ${gpu?.resource ?? 'GPU'}`,
    },
    { title: 'PORT', cell: ({ spec }) => String(spec.egress?.port ?? '') },
    { title: 'BINARY', cell: ({ spec }) => spec.egress?.binary?.path ?? '' },
    { title: 'HITS', cell: ({ status }) => String(status?.hits ?? 0) },
    { title: 'STATUS', cell: ({ status }) => status?.phase ?? 'Pending' },
    { title: 'EXPIRES', cell: ({ status }) => until(status?.expiresAt, nowMs) },
    { title: 'AGE', cell: ({ metadata }) => since(metadata.creationTimestamp, nowMs) },
    { title: 'BY', cell: ({ spec }) => spec.decision?.by ?? '', isWide: true },
    { title: 'SCOPE', cell: ({ spec }) => spec.decision?.scope ?? '', isWide: true },
    { title: 'WARNINGS', cell: request => requestWarnings(request).join('; '), isWide: true },
    { title: 'REQUEST', cell: ({ status }) => status?.samples?.[0] ?? '', isWide: true },
  ];
}

function since(timestamp: string | undefined, nowMs: number): string {
  const fromMs = Date.parse(timestamp ?? '');
  return Number.isNaN(fromMs) ? '' : formatAge(fromMs, nowMs);
}

function until(timestamp: string | undefined, nowMs: number): string {
  const endMs = Date.parse(timestamp ?? '');
  if (Number.isNaN(endMs)) return '';
  return endMs <= nowMs ? 'over' : `in ${formatAge(nowMs, endMs)}`;
}
