// Admission of one request head on its raw bytes, before policy looks at it. Node's parser lets through what smuggling
// needs (two Host fields, `,chunked`, silently dropped fields), so this one is the sidecar's own and refuses by name.
import { parseAuthority } from '../../engine/canonical/authority.ts';
import { hostText } from '../../engine/canonical/host.ts';
import { type BodyFraming, type FramingProblem, requestFraming } from './body-framing.ts';
import { type FieldProblem, type HeaderField, parseFields, splitLines, valuesOf } from './header-fields.ts';
import type { HttpLimits } from './http-limits.ts';

export interface RequestHead {
  readonly method: string;
  /** Origin form, as it came: `/path?query`. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** Canonical host and port of the Host field. */
  readonly host: string;
  readonly port: number;
  readonly fields: readonly HeaderField[];
  readonly framing: BodyFraming;
}

export type RequestProblem =
  | FieldProblem
  | FramingProblem
  | 'HeadTooLarge'
  | 'BadRequestLine'
  | 'BadMethod'
  | 'BadTarget'
  | 'UnsupportedVersion'
  | 'NoHost'
  | 'SeveralHosts'
  | 'BadHost'
  | 'AuthorityMismatch'
  | 'BadExpect';

export type ParsedRequestHead =
  | { readonly ok: true; readonly head: RequestHead }
  | { readonly ok: false; readonly status: number; readonly problem: RequestProblem };

/** Problem → status, where it is not 400. */
const statusOf: Partial<Record<RequestProblem, number>> = {
  HeadTooLarge: 431,
  TooManyFields: 431,
  UnsupportedVersion: 505,
  BadExpect: 417,
};

/** `bytes` is the whole head with its final empty line; the port stands in where Host names none. */
export function parseRequestHead(bytes: Buffer, defaultPort: number, limits: HttpLimits): ParsedRequestHead {
  if (bytes.length > limits.maxHeadBytes) return refuse('HeadTooLarge');
  const lines = splitLines(bytes);
  if (lines === undefined) return refuse('BareCrOrLf');
  // The empty line, and what stands behind its CRLF.
  const [startLine = '', ...rest] = lines.slice(0, -2);
  const start = parseStartLine(startLine, limits);
  if (typeof start === 'string') return refuse(start);
  const parsed = parseFields(rest, limits.maxFields);
  if (!parsed.ok) return refuse(parsed.problem);
  const { fields } = parsed;
  const framing = requestFraming(start.version, fields);
  if (!framing.ok) return refuse(framing.problem);
  const expectations = valuesOf(fields, 'expect');
  if (expectations.some(value => value.toLowerCase() !== '100-continue')) return refuse('BadExpect');
  const authority = authorityOf(fields, start.authority, defaultPort);
  if (typeof authority === 'string') return refuse(authority);
  const { method, target, version } = start;
  return { ok: true, head: { method, target, version, ...authority, fields, framing: framing.framing } };
}

function refuse(problem: RequestProblem): ParsedRequestHead {
  return { ok: false, status: statusOf[problem] ?? 400, problem };
}

interface StartLine {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** Of an absolute-form target. */
  readonly authority?: string;
}

function parseStartLine(line: string, limits: HttpLimits): StartLine | RequestProblem {
  const [method = '', rawTarget = '', protocol = '', ...more] = line.split(' ');
  if (more.length > 0 || !/^HTTP\/\d\.\d$/.test(protocol))
    return protocol.startsWith('HTTP/') ? 'UnsupportedVersion' : 'BadRequestLine';
  // CONNECT and TRACE open or mirror more than one request; PRI is the first word of HTTP/2.
  if (!/^[A-Z][A-Z_-]{0,31}$/.test(method) || ['CONNECT', 'TRACE', 'PRI'].includes(method)) return 'BadMethod';
  const version = { 'HTTP/1.1': '1.1', 'HTTP/1.0': '1.0' }[protocol] as '1.0' | '1.1' | undefined;
  if (version === undefined) return 'UnsupportedVersion';
  const absolute = /^http:\/\/([^/?#\\]*)(\/.*)?$/i.exec(rawTarget);
  const target = absolute === null ? rawTarget : (absolute[2] ?? '/');
  // Printable ASCII without `#`: a fragment never belongs on the wire.
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(target) || target.length > limits.maxTargetBytes) return 'BadTarget';
  return { method, target, version, ...(absolute === null ? {} : { authority: absolute[1] ?? '' }) };
}

function authorityOf(
  fields: readonly HeaderField[],
  absolute: string | undefined,
  defaultPort: number,
): { host: string; port: number } | RequestProblem {
  const values = valuesOf(fields, 'host');
  if (values.length > 1) return 'SeveralHosts';
  if (values[0] === undefined) return 'NoHost';
  const parsed = parseAuthority(values[0]);
  if (!parsed.ok) return 'BadHost';
  const authority = { host: hostText(parsed.host), port: parsed.port ?? defaultPort };
  if (absolute === undefined) return authority;
  const outer = parseAuthority(absolute);
  const isSame = outer.ok && hostText(outer.host) === authority.host && (outer.port ?? defaultPort) === authority.port;
  return isSame ? authority : 'AuthorityMismatch';
}
