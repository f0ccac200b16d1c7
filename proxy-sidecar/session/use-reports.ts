// Uses of grants, told to the hub as totals: at most once a second, at once when the last one is spent.
import type { GrantUse, UpFrame } from '../../protocol/session.ts';

export interface UseReports {
  spent(approval: string, isLast: boolean): void;
  /** Sends everything again: a new session knows nothing of the last one. */
  resend(): void;
}

const everyMs = 1000;
/** Of one frame. */
const maxUses = 256;

/** `totals`: of every grant in force that has a number of uses. */
export function createUseReports(
  send: (frame: Extract<UpFrame, { type: 'uses' }>) => boolean,
  totals: () => readonly GrantUse[],
  signal: AbortSignal,
): UseReports {
  const changed = new Set<string>();
  const tell = (uses: readonly GrantUse[]) => {
    for (let from = 0; from < uses.length; from += maxUses) {
      const part = uses.slice(from, from + maxUses);
      if (!send({ type: 'uses', uses: part })) return;
      for (const { approval } of part) changed.delete(approval);
    }
  };
  const tellChanged = () => {
    if (changed.size > 0) tell(totals().filter(({ approval }) => changed.has(approval)));
  };
  const timer = setInterval(tellChanged, everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return {
    spent(approval, isLast) {
      changed.add(approval);
      if (isLast) tellChanged();
    },
    resend: () => tell(totals()),
  };
}
