// How long a body is, told without doubt or not at all: two readers who disagree about it are request smuggling.
import { type HeaderField, listOf, valuesOf } from './header-fields.ts';

export type BodyFraming =
  | { readonly kind: 'None' }
  | { readonly kind: 'Length'; readonly bytes: number }
  | { readonly kind: 'Chunked' }
  /** Responses only: until the connection ends. */
  | { readonly kind: 'Close' };

export type FramingProblem = 'LengthAndChunked' | 'SeveralLengths' | 'BadLength' | 'BadTransferEncoding';

export type ParsedFraming =
  | { readonly ok: true; readonly framing: BodyFraming }
  | { readonly ok: false; readonly problem: FramingProblem };

/** A request's: one Content-Length, or exactly `Transfer-Encoding: chunked` on HTTP/1.1, or no body. */
export function requestFraming(version: '1.0' | '1.1', fields: readonly HeaderField[]): ParsedFraming {
  const encodings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (encodings.length > 0) {
    if (lengths.length > 0) return { ok: false, problem: 'LengthAndChunked' };
    const isChunked = encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked' && version === '1.1';
    return isChunked ? { ok: true, framing: { kind: 'Chunked' } } : { ok: false, problem: 'BadTransferEncoding' };
  }
  if (lengths.length > 1) return { ok: false, problem: 'SeveralLengths' };
  return lengths[0] === undefined ? { ok: true, framing: { kind: 'None' } } : parseLength(lengths[0]);
}

/** A response's. Equal lengths given twice are odd but harmless; different ones are not. */
export function responseFraming(method: string, status: number, fields: readonly HeaderField[]): ParsedFraming {
  const encodings = listOf(fields, 'transfer-encoding');
  const lengths = listOf(fields, 'content-length');
  if (encodings.length > 0 && lengths.length > 0) return { ok: false, problem: 'LengthAndChunked' };
  if (new Set(lengths).size > 1) return { ok: false, problem: 'SeveralLengths' };
  if (encodings.length > 0 && (encodings.length > 1 || encodings[0] !== 'chunked'))
    return { ok: false, problem: 'BadTransferEncoding' };
  const length = lengths[0] === undefined ? undefined : parseLength(lengths[0]);
  if (length?.ok === false) return length;
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200)
    return { ok: true, framing: { kind: 'None' } };
  if (encodings.length > 0) return { ok: true, framing: { kind: 'Chunked' } };
  return length ?? { ok: true, framing: { kind: 'Close' } };
}

/** Plain decimal digits; leading zeros are how one reader's octal becomes another's decimal. */
function parseLength(text: string): ParsedFraming {
  const isPlain = /^(0|[1-9]\d{0,14})$/.test(text);
  return isPlain ? { ok: true, framing: { kind: 'Length', bytes: Number(text) } } : { ok: false, problem: 'BadLength' };
}
