import { annotations } from '../../crds/schema/group.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Column } from '../output/print-objects.ts';
import { conditionOf } from './condition-of.ts';

export const profileColumns: readonly Column<InferenceProfile>[] = [
  { title: 'PROFILE', cell: ({ metadata }) => metadata.name },
  { title: 'PROVIDER', cell: ({ spec }) => spec.provider },
  { title: 'MODEL', cell: ({ spec }) => spec.model },
  {
    title: 'ENDPOINT',
    cell: ({ spec }) => spec.endpoint ?? (spec.service ? `service ${spec.service.name}:${spec.service.port}` : ''),
  },
  { title: 'READY', cell: profile => conditionOf(profile, 'Ready')?.status ?? 'Unknown' },
  {
    title: 'DEFAULT',
    cell: ({ metadata }) => (metadata.annotations?.[annotations.defaultProfile] === 'true' ? 'yes' : ''),
  },
  { title: 'MODELS', cell: ({ spec }) => (spec.models ?? []).join(','), isWide: true },
  {
    title: 'WHY',
    cell: profile => {
      const ready = conditionOf(profile, 'Ready');
      return ready?.status === 'True' ? '' : (ready?.message ?? '');
    },
    isWide: true,
  },
];
