// How much one sidecar may say. It sits beside a hostile agent: were it taken over, its words must not cost the others their turn.

/** Frames; a sidecar says some twenty a second, and a thousand at once when it comes back. */
const perSecond = 2_000;
const burst = 4_000;

/** Tells of frames read; answers how long, in ms, to read nothing more of this peer. */
export function createFrameBudget(nowMs: () => number): (frames: number) => number {
  let left = burst;
  let filledMs = nowMs();
  return frames => {
    const now = nowMs();
    left = Math.min(burst, left + (Math.max(0, now - filledMs) / 1000) * perSecond) - frames;
    filledMs = now;
    return left >= 0 ? 0 : Math.ceil((-left / perSecond) * 1000);
  };
}
