import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { formatAge } from '../output/format-age.ts';
import type { Column } from '../output/print-objects.ts';
import { conditionOf } from './condition-of.ts';

export function policyColumns(nowMs: number): readonly Column<EgressPolicy>[] {
  return [
    { title: 'POLICY', cell: ({ metadata }) => metadata.name },
    { title: 'ALLOW', cell: ({ spec }) => String(spec.allow?.length ?? 0) },
    { title: 'DENY', cell: ({ spec }) => String(spec.deny?.length ?? 0) },
    { title: 'SELECTS', cell: ({ spec }) => selectorText(spec.sandboxSelector.matchLabels) },
    { title: 'SANDBOXES', cell: ({ status }) => String(status?.sandboxes?.matched ?? '') },
    { title: 'ACCEPTED', cell: policy => conditionOf(policy, 'Accepted')?.status ?? 'Unknown' },
    { title: 'AGE', cell: ({ metadata }) => formatAge(Date.parse(metadata.creationTimestamp), nowMs) },
    { title: 'WHY', cell: policy => conditionOf(policy, 'Accepted')?.message ?? '', isWide: true },
  ];
}

export function clusterPolicyColumns(nowMs: number): readonly Column<ClusterEgressPolicy>[] {
  return [
    { title: 'POLICY', cell: ({ metadata }) => metadata.name },
    { title: 'BASELINE', cell: ({ spec }) => String(spec.baseline?.length ?? 0) },
    { title: 'DENY', cell: ({ spec }) => String(spec.deny?.length ?? 0) },
    { title: 'CEILING', cell: ({ spec }) => (spec.ceiling === undefined ? '' : 'yes') },
    { title: 'FREEZE', cell: ({ spec }) => (spec.freeze === true ? 'yes' : '') },
    { title: 'SELECTS', cell: ({ spec }) => selectorText(spec.namespaceSelector.matchLabels) },
    { title: 'ACCEPTED', cell: policy => conditionOf(policy, 'Accepted')?.status ?? 'Unknown' },
    { title: 'AGE', cell: ({ metadata }) => formatAge(Date.parse(metadata.creationTimestamp), nowMs) },
    { title: 'WHY', cell: policy => conditionOf(policy, 'Accepted')?.message ?? '', isWide: true },
  ];
}

function selectorText(matchLabels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? 'all' : pairs.join(',');
}
