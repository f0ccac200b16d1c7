/** Counts of a closed set of things; what /metrics shows. */
export interface Counters {
  reconciled(controller: string, outcome: 'Done' | 'Failed'): void;
  watchTrouble(resource: string): void;
  hubRefused(reason: string): void;
  /** Messages sent and failed; requests dropped and muted. */
  notified(outcome: 'Sent' | 'Failed' | 'Dropped' | 'Muted', by: number): void;
  entries(): readonly CounterEntry[];
}

export interface CounterEntry {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function createCounters(): Counters {
  const counted = new Map<string, { -readonly [K in keyof CounterEntry]: CounterEntry[K] }>();
  const count = (name: string, help: string, labels: Readonly<Record<string, string>>, by = 1) => {
    const key = JSON.stringify([name, labels]);
    const entry = counted.get(key);
    if (entry) entry.value += by;
    else counted.set(key, { name, help, labels, value: by });
  };
  return {
    reconciled: (controller, outcome) =>
      count('creel_reconciles_total', 'Reconciles by outcome', { controller, outcome }),
    watchTrouble: resource => count('creel_watch_interruptions_total', 'Interrupted watches', { resource }),
    hubRefused: reason => count('creel_hub_refusals_total', 'Sessions the hub refused', { reason }),
    notified: (outcome, by) =>
      count('creel_notifications_total', 'Messages sent and failed, requests dropped and muted', { outcome }, by),
    entries: () => [...counted.values()],
  };
}
