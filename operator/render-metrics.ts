import type { CounterEntry } from './counters.ts';

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

/** Prometheus text. The library is loaded by the first scrape: an operator nobody scrapes does not pay for it. */
export async function renderMetrics(counters: readonly CounterEntry[], gauges: readonly Gauge[]): Promise<string> {
  const prometheus = await import('prom-client');
  const registry = new prometheus.Registry();
  for (const { name, help, value } of gauges) new prometheus.Gauge({ name, help, registers: [registry] }).set(value);
  const made = new Map<string, InstanceType<typeof prometheus.Counter>>();
  for (const { name, help, labels, value } of counters) {
    const counter =
      made.get(name) ?? new prometheus.Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] });
    made.set(name, counter);
    counter.inc(labels, value);
  }
  return registry.metrics();
}
