import type { Duplex } from 'node:stream';
import type { ByteReader } from '../http/byte-reader.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import type { RequestHead } from '../http/parse-request-head.ts';
import { readBody } from '../http/read-body.ts';
import { writeBytes } from '../http/write-bytes.ts';
import type { ByteBudget } from './byte-budget.ts';

export type ReadRequestBody =
  /** `reservedBytes` are the caller's to give back. */
  | { readonly ok: true; readonly body: Buffer; readonly reservedBytes: number }
  | { readonly ok: false; readonly problem: 'BodyTooLarge' | 'TooManyBodies' | 'BadBody' };

/** The whole body, refused before anything is held when its length says so, else as soon as it grows too large. */
export async function readRequestBody(
  client: Duplex,
  reader: ByteReader,
  head: RequestHead,
  { maxBytes, budget, limits }: { maxBytes: number; budget: ByteBudget; limits: HttpLimits },
): Promise<ReadRequestBody> {
  const declared = head.framing.kind === 'Length' ? head.framing.bytes : 0;
  if (declared > maxBytes) return { ok: false, problem: 'BodyTooLarge' };
  if (!budget.reserve(declared)) return { ok: false, problem: 'TooManyBodies' };
  let reservedBytes = declared;
  let size = 0;
  const pieces: Buffer[] = [];
  const refuse = (problem: 'BodyTooLarge' | 'TooManyBodies' | 'BadBody') => {
    budget.release(reservedBytes);
    return { ok: false as const, problem };
  };
  if (head.fields.some(({ key }) => key === 'expect')) await writeBytes(client, continueLine);
  for await (const piece of readBody(reader, head.framing, limits)) {
    if (piece.kind === 'Bad') return refuse('BadBody');
    if (piece.kind === 'End') break;
    size += piece.data.length;
    if (size > maxBytes) return refuse('BodyTooLarge');
    const growth = Math.max(0, size - reservedBytes);
    if (!budget.reserve(growth)) return refuse('TooManyBodies');
    reservedBytes += growth;
    pieces.push(piece.data);
  }
  return { ok: true, body: Buffer.concat(pieces), reservedBytes };
}

const continueLine = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
