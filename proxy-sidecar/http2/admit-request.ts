// Admission of one HTTP/2 request head before policy looks at it, over the list as it was sent. nghttp2 checks most of
// this first; what it lets through, and what another version may, is refused here by name.
import { parseAuthority } from '../../engine/canonical/authority.ts';
import { hostText } from '../../engine/canonical/host.ts';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import type { RequestGate } from '../connection/request-gate.ts';
import { endToEndRequestFields } from '../http/end-to-end-fields.ts';
import { type HeaderField, headerField, valuesOf } from '../http/header-fields.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { type Http2FieldProblem, type PseudoFields, readFieldList } from './read-field-list.ts';

export type Http2RequestProblem =
  | Http2FieldProblem
  | 'BadMethod'
  | 'BadScheme'
  | 'BadPath'
  | 'NoAuthority'
  | 'BadAuthority'
  | 'AuthorityMismatch'
  | 'SeveralLengths'
  | 'BadLength'
  | 'LengthWithoutBody'
  | 'BadExpect';

export interface Http2Request {
  /** What policy sees. */
  readonly head: RequestHead;
  /** End to end, lower case, without Host and Content-Length; cookie crumbs are one field again. */
  readonly fields: readonly HeaderField[];
  /** `None`: the head was all. `Stream`: until the stream ends. */
  readonly body: { readonly kind: 'None' | 'Stream' } | { readonly kind: 'Length'; readonly bytes: number };
  readonly acceptsTrailers: boolean;
  readonly expectsContinue: boolean;
  readonly isGrpc: boolean;
}

export type AdmittedHttp2Request =
  | { readonly ok: true; readonly request: Http2Request }
  | { readonly ok: false; readonly status: number; readonly problem: Http2RequestProblem };

/** Problem → status, where it is not 400. */
const statusOf: Partial<Record<Http2RequestProblem, number>> = {
  AuthorityMismatch: 421,
  BadExpect: 417,
  TooManyFields: 431,
  HeadTooLarge: 431,
};

/** `raw` is name, value, name, value … in the order of the wire, bytes as latin1. */
export function admitHttp2Request(
  raw: readonly string[],
  endsStream: boolean,
  gate: Pick<RequestGate, 'host' | 'port' | 'defaultPort'>,
  limits: HttpLimits,
): AdmittedHttp2Request {
  const list = readFieldList(raw, ['method', 'scheme', 'authority', 'path'], limits);
  if (!list.ok) return refuse(list.problem);
  const { pseudo, fields } = list;
  const problem =
    pseudoProblem(pseudo, gate, limits) ?? authorityProblem(pseudo, fields, gate) ?? fieldProblem(fields, endsStream);
  return problem === undefined ? { ok: true, request: requestOf(pseudo, fields, endsStream) } : refuse(problem);
}

function refuse(problem: Http2RequestProblem): AdmittedHttp2Request {
  return { ok: false, status: statusOf[problem] ?? 400, problem };
}

function pseudoProblem(
  pseudo: PseudoFields,
  { defaultPort }: Pick<RequestGate, 'defaultPort'>,
  limits: HttpLimits,
): Http2RequestProblem | undefined {
  const method = pseudo.get('method') ?? '';
  // CONNECT, plain or extended, opens a tunnel inside the stream; nothing here would decide what goes through it.
  if (!/^[A-Z][A-Z_-]{0,31}$/.test(method) || ['CONNECT', 'TRACE', 'PRI'].includes(method)) return 'BadMethod';
  if (pseudo.get('scheme') !== (defaultPort === 443 ? 'https' : 'http')) return 'BadScheme';
  const path = pseudo.get('path') ?? '';
  // As in HTTP/1.1: origin form alone, printable ASCII, no fragment.
  return /^\/[\x21\x22\x24-\x7e]*$/.test(path) && path.length <= limits.maxTargetBytes ? undefined : 'BadPath';
}

/** `:authority`, and Host where it is there too, must name what the connection was captured for; also on a stream that was coalesced. */
function authorityProblem(
  pseudo: PseudoFields,
  fields: readonly HeaderField[],
  gate: Pick<RequestGate, 'host' | 'port' | 'defaultPort'>,
): Http2RequestProblem | undefined {
  const authority = pseudo.get('authority');
  if (authority === undefined) return 'NoAuthority';
  for (const text of [authority, ...valuesOf(fields, 'host')]) {
    const parsed = parseAuthority(text);
    if (!parsed.ok) return 'BadAuthority';
    if (hostText(parsed.host) !== gate.host || (parsed.port ?? gate.defaultPort) !== gate.port)
      return 'AuthorityMismatch';
  }
  return undefined;
}

function fieldProblem(fields: readonly HeaderField[], endsStream: boolean): Http2RequestProblem | undefined {
  const lengths = valuesOf(fields, 'content-length');
  if (lengths.length > 1) return 'SeveralLengths';
  if (lengths[0] !== undefined && !/^(0|[1-9]\d{0,14})$/.test(lengths[0])) return 'BadLength';
  if (endsStream && Number(lengths[0] ?? 0) > 0) return 'LengthWithoutBody';
  return valuesOf(fields, 'expect').some(value => value.toLowerCase() !== '100-continue') ? 'BadExpect' : undefined;
}

function requestOf(pseudo: PseudoFields, fields: readonly HeaderField[], endsStream: boolean): Http2Request {
  // Several values are one list: a reader that wants one type or coding finds none that it knows.
  const contentType = valuesOf(fields, 'content-type').join(', ');
  const contentEncoding = valuesOf(fields, 'content-encoding').join(', ');
  const length = valuesOf(fields, 'content-length')[0];
  return {
    head: {
      method: pseudo.get('method') ?? '',
      target: pseudo.get('path') ?? '',
      isWebSocket: false,
      ...(contentType === '' ? {} : { contentType }),
      ...(contentEncoding === '' ? {} : { contentEncoding }),
    },
    fields: joinCookies(endToEndRequestFields(fields)),
    body: endsStream
      ? { kind: 'None' }
      : length === undefined
        ? { kind: 'Stream' }
        : { kind: 'Length', bytes: Number(length) },
    acceptsTrailers: valuesOf(fields, 'te').length > 0,
    expectsContinue: valuesOf(fields, 'expect').length > 0,
    isGrpc: /^application\/grpc(?:[+;]|$)/.test(contentType.toLowerCase()),
  };
}

/** RFC 9113, 8.2.3: crumbs are joined before they meet anything that is not HTTP/2. */
function joinCookies(fields: readonly HeaderField[]): readonly HeaderField[] {
  const crumbs = valuesOf(fields, 'cookie');
  if (crumbs.length < 2) return fields;
  const whole = headerField('cookie', crumbs.join('; '));
  const first = fields.findIndex(({ key }) => key === 'cookie');
  return fields.flatMap((field, at) => (field.key === 'cookie' ? (at === first ? [whole] : []) : [field]));
}
