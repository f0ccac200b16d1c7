// Denials on their way to a person: equal ones are one report with a count, and nothing an agent does makes more than a
// bounded number of frames.
import { createHash } from 'node:crypto';
import type { BinaryIdentity, DenialFrame, DenialReason, Standing } from '../../protocol/session.ts';

export interface Denial {
  readonly host: string;
  readonly port: number;
  readonly binary?: BinaryIdentity;
  readonly reason: DenialReason;
  /** What was tried, for people: `GET /path` or `TLS`. */
  readonly sample: string;
}

export interface Asked {
  /** The ApprovalRequest's name. */
  readonly approval?: string;
  /** A person has refused it or put it off. */
  readonly standing?: Standing;
  /** Why there is no request. */
  readonly reason?: string;
}

export interface DenialReports {
  /** Counts the denial; resolves with the hub's answer, or `{}` when none comes in time. */
  report(denial: Denial): Promise<Asked>;
  answered(id: number, asked: Asked): void;
  /** How a request stands now; without `standing` it waits for a decision again. */
  decided(approval: string, standing: Standing | undefined): void;
  /** The newest answer to an equal denial; undefined: none, or one of the past. */
  newest(denial: Denial): Asked | undefined;
  /** Calls `listener` whenever an answer changes, until the result is called; that of `denial` is asked for again in a new session. */
  subscribe(listener: () => void, denial: Denial): () => void;
  /** A new session: what waits for an answer that the last one did not bring asks again. */
  resend(): void;
  /** Frames that may be sent now. Taking them empties the counts. */
  take(): DenialFrame[];
  /** A frame that could not be sent counts again. */
  putBack(frame: DenialFrame): void;
  /** Answers are of the past: policy has changed. */
  forgetAnswers(): void;
  /** Denials that the cap on different ones has cost. */
  readonly dropped: number;
}

interface Entry {
  readonly id: number;
  readonly denial: Denial;
  hits: number;
  /** Sent since the last answer: told again to the next session, for this one may have lost them. */
  unanswered: number;
  sentMs: number;
  answer: Asked | undefined;
  /** Name of the request, also once its answer is of the past. */
  approval: string | undefined;
  /** Somebody waits for the answer: told even without a new hit. */
  isDue: boolean;
  readonly waiting: Set<(asked: Asked) => void>;
  /** Held connections that wait for its answer. */
  holders: number;
}

const maxKeys = 1024;
const answerMs = 1000;
/** The first of a kind goes out at once, further ones are counted and go out together. */
const repeatMs = 1000;
const framesPerSecond = 20;
const burst = 40;

export function createDenialReports(nowMs: () => number, flush: () => void, signal: AbortSignal): DenialReports {
  const entries = new Map<string, Entry>();
  const byId = new Map<number, Entry>();
  let nextId = 1;
  let tokens = burst;
  let filledMs = nowMs();
  const listeners = new Set<() => void>();
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;

  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });

  function entryFor(denial: Denial): Entry | undefined {
    const key = keyOf(denial);
    const known = entries.get(key);
    if (known !== undefined) return known;
    if (entries.size >= maxKeys && !evict()) return undefined;
    const entry: Entry = {
      id: nextId++,
      denial,
      hits: 0,
      unanswered: 0,
      sentMs: Number.NEGATIVE_INFINITY,
      answer: undefined,
      approval: undefined,
      isDue: false,
      waiting: new Set(),
      holders: 0,
    };
    entries.set(key, entry);
    byId.set(entry.id, entry);
    return entry;
  }

  /** Makes room by forgetting the oldest that has been told and that nobody waits for. */
  function evict(): boolean {
    for (const [key, entry] of entries) {
      if (entry.hits > 0 || entry.waiting.size > 0 || entry.holders > 0) continue;
      entries.delete(key);
      byId.delete(entry.id);
      return true;
    }
    return false;
  }

  function refill(now: number): void {
    tokens = Math.min(burst, tokens + ((now - filledMs) / 1000) * framesPerSecond);
    filledMs = now;
  }

  function setAnswer(entry: Entry, asked: Asked): void {
    entry.unanswered = 0;
    entry.answer = asked;
    entry.approval = asked.approval;
    for (const settle of entry.waiting) settle(asked);
    for (const listener of listeners) listener();
  }

  /** Once a refusal's time is over the next denial is news. */
  function validAnswer({ answer }: Entry): Asked | undefined {
    const untilMs = answer?.standing?.untilMs;
    return untilMs !== undefined && untilMs <= nowMs() ? undefined : answer;
  }

  function later(ms: number): void {
    if (timer !== undefined || signal.aborted) return;
    timer = setTimeout(() => {
      timer = undefined;
      flush();
    }, ms);
    timer.unref();
  }

  return {
    report(denial) {
      const entry = entryFor(denial);
      if (entry === undefined) {
        dropped += 1;
        return Promise.resolve({ reason: 'too many different hosts are waiting for a decision' });
      }
      entry.hits += 1;
      flush();
      const known = validAnswer(entry);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise(resolve => {
        const settle = (asked: Asked) => {
          clearTimeout(giveUp);
          entry.waiting.delete(settle);
          resolve(asked);
        };
        const giveUp = setTimeout(() => settle({}), answerMs);
        entry.waiting.add(settle);
      });
    },
    answered(id, asked) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      setAnswer(entry, asked);
    },
    decided(approval, standing) {
      for (const entry of entries.values())
        if (entry.approval === approval)
          setAnswer(entry, { approval, ...(standing === undefined ? {} : { standing }) });
    },
    newest(denial) {
      const entry = entries.get(keyOf(denial));
      return entry && validAnswer(entry);
    },
    subscribe(listener, denial) {
      const entry = entries.get(keyOf(denial));
      listeners.add(listener);
      if (entry !== undefined) entry.holders++;
      return () => {
        listeners.delete(listener);
        if (entry !== undefined) entry.holders--;
      };
    },
    resend() {
      for (const entry of entries.values()) {
        entry.hits += entry.unanswered;
        entry.unanswered = 0;
        entry.isDue = entry.waiting.size + entry.holders > 0 && entry.answer === undefined;
        if (entry.isDue || entry.hits > 0) entry.sentMs = Number.NEGATIVE_INFINITY;
      }
    },
    take() {
      const now = nowMs();
      refill(now);
      const frames: DenialFrame[] = [];
      let nextMs = Number.POSITIVE_INFINITY;
      for (const entry of entries.values()) {
        if (entry.hits === 0 && !entry.isDue) continue;
        const dueMs = entry.sentMs + repeatMs - now;
        if (dueMs > 0 || tokens < 1) {
          nextMs = Math.min(nextMs, Math.max(dueMs, 1000 / framesPerSecond));
          continue;
        }
        tokens -= 1;
        frames.push({ type: 'denial', id: entry.id, hits: entry.hits, ...entry.denial });
        entry.unanswered += entry.hits;
        entry.hits = 0;
        entry.isDue = false;
        entry.sentMs = now;
      }
      if (Number.isFinite(nextMs)) later(nextMs);
      return frames;
    },
    putBack({ id, hits }) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      entry.hits += hits;
      entry.unanswered -= hits;
      later(repeatMs);
    },
    forgetAnswers() {
      for (const entry of entries.values()) entry.answer = undefined;
      // The next equal denial is news again: its round may be a new one.
      for (const entry of entries.values()) entry.sentMs = Number.NEGATIVE_INFINITY;
    },
    get dropped() {
      return dropped;
    },
  };
}

/** Requests are approved one by one: each is a denial of its own. */
function keyOf({ host, port, binary, reason, sample }: Denial): string {
  const request = reason === 'RequestNotAllowed' ? sample : undefined;
  return createHash('sha256')
    .update(JSON.stringify([host, port, binary?.path, binary?.sha256, reason, request]))
    .digest('base64');
}
