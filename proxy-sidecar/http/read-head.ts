import type { ByteReader } from './byte-reader.ts';
import type { HttpLimits } from './http-limits.ts';

export type ReadHead =
  | { readonly ok: true; readonly bytes: Buffer }
  /** `Closed`: nothing came before the end, which is how a kept-alive connection should close. */
  | { readonly ok: false; readonly problem: 'Closed' | 'Truncated' | 'Timeout' | 'HeadTooLarge' | 'BareCrOrLf' };

/** Pulls one head up to and including its empty line. The first byte may take `firstByteMs`, the rest `headMs` in all. */
export async function readHead(
  reader: ByteReader,
  firstByteMs: number,
  limits: HttpLimits,
  now: () => number = () => performance.now(),
): Promise<ReadHead> {
  let deadlineMs = reader.buffered.length > 0 ? now() + limits.headMs : undefined;
  let scanned = 0;
  for (;;) {
    const end = findHeadEnd(reader.buffered, scanned);
    if (end === 'BareCrOrLf') return { ok: false, problem: end };
    const length = end ?? reader.buffered.length;
    if (length > limits.maxHeadBytes) return { ok: false, problem: 'HeadTooLarge' };
    if (end !== undefined) return { ok: true, bytes: reader.take(end) };
    scanned = Math.max(0, length - 3);
    const waitMs = deadlineMs === undefined ? firstByteMs : deadlineMs - now();
    const filled = waitMs <= 0 ? 'Timeout' : await reader.fill(waitMs);
    if (filled === 'Timeout') return { ok: false, problem: length === 0 ? 'Closed' : 'Timeout' };
    if (filled === 'End') return { ok: false, problem: length === 0 ? 'Closed' : 'Truncated' };
    deadlineMs ??= now() + limits.headMs;
  }
}

/** Where the head ends. A line feed without its CR is refused at once: no CRLFCRLF may ever come behind it. */
function findHeadEnd(bytes: Buffer, from: number): number | 'BareCrOrLf' | undefined {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) return 'BareCrOrLf';
    if (at >= 3 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return undefined;
}
