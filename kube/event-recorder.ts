// Kubernetes Events: what a person sees in `kubectl describe`. Equal ones are one object with a count; none ever fails a reconcile.
import { createHash } from 'node:crypto';
import type { Clock, EventRecorder, KubeClient, KubeEvent, KubeObject, ResourceRef } from './types.ts';

type Regarding = KubeObject & { readonly kind: string; readonly apiVersion: string };

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Shown as the event's source. */
  readonly component: string;
  /** Where events of cluster-wide objects go. */
  readonly fallbackNamespace: string;
  readonly onFailure: (message: string) => void;
}

interface CoreEvent extends KubeObject {
  readonly involvedObject: object;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string };
}

interface Series {
  readonly regarding: Regarding;
  readonly event: KubeEvent;
  readonly firstTimestamp: string;
  count: number;
  /** A write is planned or under way. */
  busy: boolean;
  written: boolean;
}

const events: ResourceRef<CoreEvent> = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
/** A series is written at once and then at most this often. */
const repeatMs = 30_000;
const maxSeries = 2_000;
const maxNoteLength = 1_024;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const known = new Map<string, Series>();
  return {
    record: (regarding, event) => {
      const name = eventName(regarding, event);
      const series = known.get(name) ?? startSeries(regarding, event, options.clock);
      // Inserted again: the map's order is that of last use, and the oldest makes room.
      known.delete(name);
      known.set(name, series);
      if (known.size > maxSeries) known.delete(known.keys().next().value ?? '');
      series.count++;
      if (series.busy) return;
      series.busy = true;
      const delayMs = series.written ? repeatMs : 0;
      options.clock.after(delayMs, () => void write(name, series, options), options.signal);
    },
  };
}

function startSeries(regarding: Regarding, event: KubeEvent, clock: Clock): Series {
  return { regarding, event, firstTimestamp: iso(clock), count: 0, busy: false, written: false };
}

async function write(name: string, series: Series, options: EventRecorderOptions): Promise<void> {
  const { client, clock, onFailure } = options;
  const object = build(name, series, options);
  try {
    const created = series.written ? undefined : await client.create(events, object);
    const { count } = series;
    // Written before, by us or by an operator before us: count on.
    const patch = { count, lastTimestamp: iso(clock) };
    const result = created?.ok || created?.refusal.reason !== 'AlreadyExists' ? created : undefined;
    const done = result ?? (await client.mergePatch(events, object.metadata, patch));
    if (done.ok) series.written = true;
    else {
      series.written = false;
      onFailure(`event ${name}: ${done.refusal.message}`);
    }
  } catch (error) {
    onFailure(`event ${name}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    series.busy = false;
  }
}

function build(
  name: string,
  { regarding, event, count, firstTimestamp }: Series,
  options: EventRecorderOptions,
): CoreEvent {
  const { kind, apiVersion, metadata } = regarding;
  const { uid, namespace, resourceVersion } = metadata;
  return {
    metadata: { name, namespace: namespace ?? options.fallbackNamespace },
    involvedObject: { kind, apiVersion, name: metadata.name, uid, namespace, resourceVersion },
    type: event.type,
    reason: event.reason,
    message: event.note.slice(0, maxNoteLength),
    count,
    firstTimestamp,
    lastTimestamp: iso(options.clock),
    source: { component: options.component },
  };
}

/** The content's digest: who sees the same again, after a restart too, finds the event and counts on. */
function eventName({ metadata }: Regarding, { type, reason, note }: KubeEvent): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([metadata.uid, type, reason, note]))
    .digest('hex');
  return `${metadata.name.slice(0, 200)}.${digest.slice(0, 16)}`;
}

function iso(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString();
}
