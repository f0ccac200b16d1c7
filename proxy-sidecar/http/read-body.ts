import type { BodyFraming } from './body-framing.ts';
import type { ByteReader } from './byte-reader.ts';
import { ChunkedDecoder, type ChunkProblem } from './chunked-decoder.ts';
import type { HttpLimits } from './http-limits.ts';

export type BodyPiece =
  | { readonly kind: 'Data'; readonly data: Buffer }
  | { readonly kind: 'End' }
  | { readonly kind: 'Bad'; readonly problem: ChunkProblem | 'Truncated' | 'Timeout' };

/** The body's pieces, pulled one at a time: the caller's pace is the sender's. Ends with exactly one End or Bad. */
export async function* readBody(
  reader: ByteReader,
  framing: BodyFraming,
  limits: HttpLimits,
): AsyncGenerator<BodyPiece, void> {
  if (framing.kind === 'None') yield { kind: 'End' };
  else if (framing.kind === 'Length') yield* readLength(reader, framing.bytes, limits);
  else if (framing.kind === 'Chunked') yield* readChunked(reader, limits);
  else yield* readToEnd(reader, limits);
}

async function* readLength(reader: ByteReader, bytes: number, limits: HttpLimits): AsyncGenerator<BodyPiece, void> {
  let left = bytes;
  while (left > 0) {
    const filled = reader.buffered.length > 0 ? 'Data' : await reader.fill(limits.idleMs);
    if (filled !== 'Data') {
      yield bad(filled);
      return;
    }
    const data = reader.take(left);
    left -= data.length;
    yield { kind: 'Data', data };
  }
  yield { kind: 'End' };
}

async function* readToEnd(reader: ByteReader, limits: HttpLimits): AsyncGenerator<BodyPiece, void> {
  for (;;) {
    const filled = reader.buffered.length > 0 ? 'Data' : await reader.fill(limits.idleMs);
    if (filled !== 'Data') {
      yield filled === 'End' ? { kind: 'End' } : bad(filled);
      return;
    }
    yield { kind: 'Data', data: reader.take(reader.buffered.length) };
  }
}

async function* readChunked(reader: ByteReader, limits: HttpLimits): AsyncGenerator<BodyPiece, void> {
  const decoder = new ChunkedDecoder(limits);
  for (;;) {
    const step = decoder.push(reader.buffered);
    if (step.kind !== 'Bad') reader.replace(step.rest);
    if (step.kind === 'Data') yield { kind: 'Data', data: step.data };
    else if (step.kind === 'More') {
      const filled = await reader.fill(limits.idleMs);
      if (filled === 'Data') continue;
      yield bad(filled);
      return;
    } else {
      yield step.kind === 'Bad' ? step : { kind: 'End' };
      return;
    }
  }
}

function bad(filled: 'End' | 'Timeout'): BodyPiece {
  return { kind: 'Bad', problem: filled === 'End' ? 'Truncated' : 'Timeout' };
}
