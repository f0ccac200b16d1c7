// Who made this generation of a policy, for the audit record of whoever allows by editing one (attack A24). It names the generation,
// because a change that nobody stamped must not be put down to the author of the one before. What is sent is never believed.
import { isDeepStrictEqual } from 'node:util';
import { annotations } from '../../crds/schema/group.ts';
import type { PatchOperation } from './verdict.ts';

interface Policy {
  readonly metadata?: { readonly generation?: number; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
}

const pointer = `/metadata/annotations/${annotations.changedBy.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** `before` is absent when the policy is made. */
export function stampChanger(object: Policy, before: Policy | undefined, username: string): readonly PatchOperation[] {
  const present = object.metadata?.annotations;
  const isSame = before !== undefined && isDeepStrictEqual(object.spec, before.spec);
  if (isSame) return [];
  const value = `${(before?.metadata?.generation ?? 0) + 1} ${username}`;
  if (present?.[annotations.changedBy] === value) return [];
  return present === undefined
    ? [{ op: 'add', path: '/metadata/annotations', value: { [annotations.changedBy]: value } }]
    : [{ op: 'add', path: pointer, value }];
}
