import { Histogram, Registry } from 'prom-client';
import { kinds } from '../../crds/schema/kinds.ts';
import type { Phase } from '../rules/judge.ts';

export type ReviewOutcome = 'Allowed' | 'Refused' | 'Unreadable';

export interface WebhookMetrics {
  reviewed(phase: Phase, kind: string, outcome: ReviewOutcome, seconds: number): void;
  render(): Promise<string>;
}

const known: ReadonlySet<string> = new Set(kinds.map(({ kind }) => kind));
const bucketSeconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2];

/** Labels are closed sets: what a stranger sends makes no series. */
export function createWebhookMetrics(): WebhookMetrics {
  const registry = new Registry();
  const reviews = new Histogram({
    name: 'creel_admission_review_seconds',
    help: 'Time from the whole review to its answer',
    labelNames: ['phase', 'kind', 'outcome'],
    buckets: bucketSeconds,
    registers: [registry],
  });
  return {
    reviewed: (phase, kind, outcome, seconds) =>
      reviews.observe({ phase, kind: known.has(kind) ? kind : 'Other', outcome }, seconds),
    render: () => registry.metrics(),
  };
}
