// An upstream's answer. What would make two readers disagree is refused (502, connection closed); odd but harmless passes.
import { type BodyFraming, type FramingProblem, responseFraming } from './body-framing.ts';
import { type FieldProblem, type HeaderField, parseFields, splitLines } from './header-fields.ts';
import type { HttpLimits } from './http-limits.ts';

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly version: '1.0' | '1.1';
  readonly fields: readonly HeaderField[];
  readonly framing: BodyFraming;
}

export type ResponseProblem =
  | FieldProblem
  | FramingProblem
  | 'HeadTooLarge'
  | 'BadStatusLine'
  | 'UnsolicitedUpgrade'
  /** TLS 1.3 says so in place of an answer. */
  | 'ClientCertificateWanted'
  | 'Truncated'
  | 'Timeout'
  | 'TooManyInterim';

export type ParsedResponseHead =
  | { readonly ok: true; readonly head: ResponseHead }
  | { readonly ok: false; readonly problem: ResponseProblem };

/** `bytes` is the whole head with its final empty line; `method` is what was asked, for HEAD has no body. */
export function parseResponseHead(bytes: Buffer, method: string, limits: HttpLimits): ParsedResponseHead {
  if (bytes.length > limits.maxHeadBytes) return { ok: false, problem: 'HeadTooLarge' };
  const lines = splitLines(bytes);
  if (lines === undefined) return { ok: false, problem: 'BareCrOrLf' };
  const [startLine = '', ...rest] = lines.slice(0, -2);
  // oxlint-disable-next-line no-control-regex -- reason phrases without controls
  const match = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(startLine);
  if (match === null) return { ok: false, problem: 'BadStatusLine' };
  const [, minor, code, reason = ''] = match;
  const status = Number(code);
  if (status === 101) return { ok: false, problem: 'UnsolicitedUpgrade' };
  const parsed = parseFields(rest, limits.maxFields);
  if (!parsed.ok) return parsed;
  const framing = responseFraming(method, status, parsed.fields);
  if (!framing.ok) return framing;
  const version = minor === '1' ? '1.1' : '1.0';
  return { ok: true, head: { status, reason, version, fields: parsed.fields, framing: framing.framing } };
}
