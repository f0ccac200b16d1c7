/** Counts of a closed set of things; what /metrics shows. */
export interface Counters {
  reconciled(controller: string, outcome: 'Done' | 'Failed'): void;
  watchTrouble(resource: string): void;
  hubRefused(reason: string): void;
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
  const count = (name: string, help: string, labels: Readonly<Record<string, string>>) => {
    const key = JSON.stringify([name, labels]);
    const entry = counted.get(key);
    if (entry) entry.value++;
    else counted.set(key, { name, help, labels, value: 1 });
  };
  return {
    reconciled: (controller, outcome) =>
      count('creel_reconciles_total', 'Reconciles by outcome', { controller, outcome }),
    watchTrouble: resource => count('creel_watch_interruptions_total', 'Interrupted watches', { resource }),
    hubRefused: reason => count('creel_hub_refusals_total', 'Sessions the hub refused', { reason }),
    entries: () => [...counted.values()],
  };
}
