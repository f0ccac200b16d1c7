// One line of JSON per decision, with constant field names; never a header value, a body or a token.

import { tokenBucket } from '../token-bucket.ts';

export interface AuditRecord {
  readonly decision: 'Allow' | 'Deny' | 'Ask';
  readonly reason: string;
  readonly host: string;
  readonly port: number;
  readonly protocol?: string;
  readonly binary?: string;
  readonly rule?: string;
  readonly approval?: string;
  readonly address?: string;
  readonly method?: string;
  readonly path?: string;
  /** What a body asks for: `mutation createIssue`, `tools/call search`. */
  readonly operation?: string;
  readonly status?: number;
  readonly revision?: string;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
  readonly durationMs?: number;
  readonly error?: string;
}

export interface AuditLog {
  record(record: AuditRecord): void;
  /** Lines that the rate limit or a blocked pipe has cost, since the start. */
  readonly dropped: number;
}

/** What was let out has lines of its own: a flood of refusals must not hide it. */
const maxAllowedPerSecond = 30;
const maxRefusedPerSecond = 20;
const maxPendingBytes = 256 * 1024;

/** Writes to a pipe that may block or break; neither stops the data path. Dropped lines are counted and said. */
export function createAuditLog(
  out: NodeJS.WritableStream & { readonly writableLength: number },
  nowMs: () => number,
): AuditLog {
  const admitAllowed = tokenBucket(maxAllowedPerSecond, nowMs);
  const admitRefused = tokenBucket(maxRefusedPerSecond, nowMs);
  let dropped = 0;
  let unsaid = 0;
  out.on('error', () => undefined);

  const write = (fields: Readonly<Record<string, unknown>>) =>
    void out.write(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), component: 'sidecar', ...fields })}\n`);
  const admit = ({ decision }: AuditRecord) =>
    out.writableLength <= maxPendingBytes && (decision === 'Allow' ? admitAllowed() : admitRefused());
  return {
    record(record) {
      if (!admit(record)) {
        dropped += 1;
        unsaid += 1;
        return;
      }
      if (unsaid > 0) write({ msg: 'audit lines dropped', count: unsaid });
      unsaid = 0;
      write({ msg: 'connection', ...record });
    },
    get dropped() {
      return dropped;
    },
  };
}
