/** True at most `perSecond` times a second, with as much in store at first. */
export function tokenBucket(perSecond: number, nowMs: () => number): () => boolean {
  let tokens = perSecond;
  let filledMs = nowMs();
  return () => {
    const now = nowMs();
    tokens = Math.min(perSecond, tokens + (Math.max(0, now - filledMs) / 1000) * perSecond);
    filledMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
