// What the sandbox has used since this sidecar started, told to the hub as running totals, at most once a second.
import type { UpFrame } from '../../protocol/session.ts';

type UsageFrame = Extract<UpFrame, { type: 'usage' }>;

export interface UsageReports {
  add(profile: string, tokens: number): void;
  /** Sends everything again: a new session knows nothing of the last one. */
  resend(): void;
}

const everyMs = 1000;

/** `dropped` counts what bounded queues have cost; it is told even where no model is called. */
export function createUsageReports(
  send: (frame: UsageFrame) => boolean,
  dropped: () => number,
  signal: AbortSignal,
): UsageReports {
  const totals = new Map<string, { requests: number; tokens: number }>();
  const changed = new Set<string>();
  let toldDropped = 0;
  const tell = (profile: string) => {
    const total = totals.get(profile) ?? { requests: 0, tokens: 0 };
    const count = dropped();
    if (!send({ type: 'usage', profile, ...total, dropped: count })) return;
    changed.delete(profile);
    toldDropped = count;
  };
  const timer = setInterval(() => {
    for (const profile of changed) tell(profile);
    if (dropped() !== toldDropped) tell([...totals.keys()].at(-1) ?? '');
  }, everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return {
    add(profile, tokens) {
      const before = totals.get(profile) ?? { requests: 0, tokens: 0 };
      // The profile used last comes last.
      totals.delete(profile);
      totals.set(profile, { requests: before.requests + 1, tokens: before.tokens + tokens });
      changed.add(profile);
    },
    resend() {
      for (const profile of totals.keys()) changed.add(profile);
      toldDropped = 0;
    },
  };
}
