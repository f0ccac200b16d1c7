// How often one pod's token is put before the API server: whoever holds a valid one could otherwise ask for it without end.

const perSecond = 1;
/** Sidecars back off; what restarts on both sides asks a few times at once. */
const burst = 20;
const maxKeys = 20_000;

/** True when this key may ask now. */
export function createReviewBudget(nowMs: () => number): (key: string) => boolean {
  const budgets = new Map<string, { readonly left: number; readonly atMs: number }>();
  return key => {
    const now = nowMs();
    const { left, atMs } = budgets.get(key) ?? { left: burst, atMs: now };
    const filled = Math.min(burst, left + (Math.max(0, now - atMs) / 1000) * perSecond);
    // The least recently asked for goes first.
    budgets.delete(key);
    if (budgets.size >= maxKeys) budgets.delete(budgets.keys().next().value ?? '');
    budgets.set(key, { left: Math.max(0, filled - 1), atMs: now });
    return filled >= 1;
  };
}
