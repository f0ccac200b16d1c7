// Who made a Sandbox, written where an admission policy keeps everybody from changing it (creators.creel.dev). What is sent is
// never believed: a backup that is restored carries the name of who made the original.
import { annotations } from '../../crds/schema/group.ts';
import type { PatchOperation } from './verdict.ts';

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

const pointer = `/metadata/annotations/${annotations.createdBy.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** `before` is absent when the Sandbox is made. */
export function stampCreator(
  object: Annotated,
  before: Annotated | undefined,
  username: string,
): readonly PatchOperation[] {
  const present = object.metadata?.annotations;
  const wanted = before === undefined ? username : before.metadata?.annotations?.[annotations.createdBy];
  if (present?.[annotations.createdBy] === wanted) return [];
  if (wanted === undefined) return [{ op: 'remove', path: pointer }];
  return present === undefined
    ? [{ op: 'add', path: '/metadata/annotations', value: { [annotations.createdBy]: wanted } }]
    : [{ op: 'add', path: pointer, value: wanted }];
}
