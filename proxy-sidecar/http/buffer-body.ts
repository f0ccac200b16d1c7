import type { Duplex } from 'node:stream';
import type { ByteReader } from './byte-reader.ts';
import type { HttpLimits } from './http-limits.ts';
import type { RequestHead } from './parse-request-head.ts';
import { type BodyPiece, readBody } from './read-body.ts';
import { writeBytes } from './write-bytes.ts';

export type BodyProblem = 'BodyTooLarge' | Extract<BodyPiece, { kind: 'Bad' }>['problem'];

export type BufferedBody =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly problem: BodyProblem };

const continueLine = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** The whole body, refused unread when its length says so, else as soon as it grows too large. */
export async function bufferBody(
  client: Duplex,
  reader: ByteReader,
  { framing, fields }: RequestHead,
  maxBytes: number,
  limits: HttpLimits,
): Promise<BufferedBody> {
  if (framing.kind === 'Length' && framing.bytes > maxBytes) return { ok: false, problem: 'BodyTooLarge' };
  if (fields.some(({ key }) => key === 'expect')) await writeBytes(client, continueLine);
  // One block: pieces are views of what the network brought, and a byte of each would keep it all.
  const whole = Buffer.allocUnsafeSlow(framing.kind === 'Length' ? framing.bytes : maxBytes);
  let size = 0;
  for await (const piece of readBody(reader, framing, limits)) {
    if (piece.kind === 'Bad') return { ok: false, problem: piece.problem };
    if (piece.kind === 'End') break;
    if (size + piece.data.length > maxBytes) return { ok: false, problem: 'BodyTooLarge' };
    size += piece.data.copy(whole, size);
  }
  return { ok: true, body: size === whole.length ? whole : Buffer.from(whole.subarray(0, size)) };
}
