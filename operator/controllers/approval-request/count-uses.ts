// How many uses of an approval are left, and whether the memory that counts them is still there.
import type { ApprovalStatus } from './plan.ts';

/** What the sandbox's sidecar says, as far as it is connected. */
export interface Counted {
  readonly countedBy?: string;
  readonly used: number;
}

export interface UsesLeft {
  readonly fields: Pick<ApprovalStatus, 'usesLeft' | 'countedBy'>;
  /** Why none is left. */
  readonly over?: string;
}

/** `before`: the status of this very decision. Uses only become fewer, and one memory alone counts them. */
export function countUses(
  maxUses: number | undefined,
  before: Pick<ApprovalStatus, 'usesLeft' | 'countedBy'>,
  counted: Counted | undefined,
): UsesLeft {
  if (maxUses === undefined) return { fields: {} };
  const countedBy = before.countedBy ?? counted?.countedBy;
  const isSame = counted !== undefined && counted.countedBy === countedBy;
  const usesLeft = Math.max(0, Math.min(before.usesLeft ?? maxUses, isSame ? maxUses - counted.used : maxUses));
  const fields = { usesLeft, ...(countedBy === undefined ? {} : { countedBy }) };
  if (usesLeft === 0) return { fields, over: maxUses === 1 ? 'its one use is spent' : `all ${maxUses} uses are spent` };
  if (counted === undefined || isSame) return { fields };
  return { fields, over: 'its uses were counted by a sidecar memory that is gone' };
}
