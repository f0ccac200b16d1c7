import type { ServerHttp2Stream } from 'node:http2';
import { ByteReader } from '../http/byte-reader.ts';
import { isWhole } from './is-whole.ts';

export type WholeBody =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly problem: 'BodyTooLarge' | 'Timeout' | 'Truncated' };

/** For a rule that reads bodies: all of it or nothing. */
export async function readWholeBody(stream: ServerHttp2Stream, maxBytes: number, idleMs: number): Promise<WholeBody> {
  const reader = new ByteReader(stream);
  for (;;) {
    const filled = await reader.fill(idleMs);
    if (reader.buffered.length > maxBytes || filled === 'Timeout') {
      reader.discardRest();
      return { ok: false, problem: filled === 'Timeout' ? 'Timeout' : 'BodyTooLarge' };
    }
    if (filled === 'Data') continue;
    // A reset reads as an end, too; only a real one is the end of the body.
    return isWhole(stream) ? { ok: true, body: reader.buffered } : { ok: false, problem: 'Truncated' };
  }
}
