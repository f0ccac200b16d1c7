// An origin-form target (RFC 9112, 3.2.1) in the form patterns are matched on: unreserved characters decoded (RFC 3986,
// 6.2.2), hex digits in upper case, nothing else touched. `%2F` stays data inside its segment; empty segments and
// `;params` are literal. Where servers could read a path in two ways there is no canonical form, only a named problem.

export type TargetProblem =
  | 'NotOriginForm'
  | 'TooLong'
  | 'TooManySegments'
  | 'Fragment'
  | 'DotSegment'
  | 'Backslash'
  | 'Nul'
  | 'Control'
  | 'NonAscii'
  | 'BadEscape'
  | 'BadUtf8'
  | 'DoubleEscape';

export interface RequestTarget {
  readonly path: string;
  /** The same path as a careless server may read it: for denials, which must not be walked around. */
  readonly loosePath: string;
  /** Behind the first `?`, as on the wire; absent without one. */
  readonly query?: string;
}

export type ParsedTarget =
  | { readonly ok: true; readonly target: RequestTarget }
  | { readonly ok: false; readonly problem: TargetProblem };

const targetLimits = { pathLength: 32_768, segments: 512 } as const;

export function parseRequestTarget(text: string): ParsedTarget {
  const mark = text.indexOf('?');
  const raw = mark < 0 ? text : text.slice(0, mark);
  const problem = rawProblem(raw);
  if (problem !== undefined) return { ok: false, problem };
  const decoded = decodePercent(raw);
  if (decoded === undefined) return { ok: false, problem: 'BadUtf8' };
  const unclear = decodedProblem(decoded);
  if (unclear !== undefined) return { ok: false, problem: unclear };
  const query = mark < 0 ? {} : { query: text.slice(mark + 1) };
  return { ok: true, target: { path: canonicalPath(raw), loosePath: loosePath(decoded), ...query } };
}

/** In this order: the first that holds names the problem. */
const rawTable: readonly (readonly [RegExp, TargetProblem])[] = [
  [/^(?!\/)/, 'NotOriginForm'],
  [/#/, 'Fragment'],
  [/[\u0080-\uffff]/, 'NonAscii'],
  [/\0/, 'Nul'],
  // oxlint-disable-next-line no-control-regex -- controls are what is looked for
  [/[\u0001-\u0020\u007f]/, 'Control'],
  [/%(?![0-9a-fA-F]{2})/, 'BadEscape'],
  [/\\/, 'Backslash'],
  // A server that decodes twice sees another path.
  [/%25[0-9a-fA-F]{2}/, 'DoubleEscape'],
];

function rawProblem(raw: string): TargetProblem | undefined {
  if (raw.length > targetLimits.pathLength) return 'TooLong';
  return rawTable.find(([pattern]) => pattern.test(raw))?.[1];
}

function decodedProblem(decoded: string): TargetProblem | undefined {
  if (decoded.includes('\0')) return 'Nul';
  if (decoded.includes('\\')) return 'Backslash';
  // oxlint-disable-next-line no-control-regex -- controls are what is looked for
  if (/[\u0001-\u001f\u007f-\u009f]/.test(decoded)) return 'Control';
  // Also behind `%2F`, which many servers decode before they resolve dots; also `..;x`, from which some cut `;x`.
  const segments = decoded.split('/');
  if (segments.length - 1 > targetLimits.segments) return 'TooManySegments';
  return segments.some(segment => isDots(withoutParams(segment))) ? 'DotSegment' : undefined;
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

function withoutParams(segment: string): string {
  const at = segment.indexOf(';');
  return at < 0 ? segment : segment.slice(0, at);
}

/** All escapes decoded; undefined where they are not UTF-8 (overlong forms and surrogates are not). */
function decodePercent(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

const unreserved = /^[A-Za-z0-9._~-]$/;

/** Only for text whose escapes are whole. */
export function canonicalPath(raw: string): string {
  if (!raw.includes('%')) return raw;
  return raw.replace(/%[0-9a-fA-F]{2}/g, escape => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return unreserved.test(character) ? character : escape.toUpperCase();
  });
}

/** Decoded, without params, empty segments and the last slash. */
function loosePath(decoded: string): string {
  const segments = decoded.split('/').map(withoutParams);
  return `/${segments.filter(segment => segment !== '').join('/')}`;
}
