// How many uses are left of the grants that have a number of them, and the spending of one.
import type { Grant } from '../../protocol/snapshot.ts';
import type { UseLedger } from './use-ledger.ts';

export interface GrantUses {
  /** False for a grant without a number of uses. */
  readonly isUsedUp: (grant: Grant) => boolean;
  /** Spends one before it is let out; false: none is left, or it cannot be written down. */
  readonly spend: (grant: Grant) => boolean;
}

export function createGrantUses(
  ledger: UseLedger,
  onSpent: (grant: Grant) => void,
  onFailure: (error: unknown) => void,
): GrantUses {
  const isUsedUp = ({ id, uses }: Grant) =>
    uses !== undefined && (uses.areUsedUp === true || uses.countedBy !== ledger.name || ledger.used(id) >= uses.max);
  return {
    isUsedUp,
    spend(grant) {
      if (isUsedUp(grant)) return false;
      if (grant.uses === undefined) return true;
      try {
        ledger.add(grant.id);
      } catch (error) {
        onFailure(error);
        return false;
      }
      onSpent(grant);
      return true;
    },
  };
}
