// A name below a listed wildcard is text that the sandbox may choose and that leaves with the first use of it: a budget on new
// ones bounds how fast it can spell. What a rule or a grant names exactly is free, and so is a name that was asked for before.

/** A browser on a busy page makes a few dozen. */
const newNamesPerMinute = 300;
const tellEveryMs = 60_000;

/** False once the minute's share is used up; `onSpent` hears of it at most once a minute. */
export function createNameBudget(
  nowMs: () => number,
  onSpent: (name: string) => void,
  perMinute = newNamesPerMinute,
): (name: string) => boolean {
  let left = perMinute;
  let filledMs = nowMs();
  let toldMs = Number.NEGATIVE_INFINITY;
  return name => {
    const now = nowMs();
    left = Math.min(perMinute, left + (Math.max(0, now - filledMs) / 60_000) * perMinute);
    filledMs = now;
    if (left >= 1) {
      left -= 1;
      return true;
    }
    if (now - toldMs >= tellEveryMs) {
      toldMs = now;
      onSpent(name);
    }
    return false;
  };
}
