// Path patterns: `*` is one segment (not an empty one) or, beside other characters, a run inside it; `**` is any number
// of segments, so `/v1/**` matches `/v1` too. Time is bounded by pattern segments × path length, never by guesses.
import { compileGlob, type Glob } from './glob.ts';
import { canonicalPath, parseRequestTarget } from './request-target.ts';

export type PathMatcher = (path: string) => boolean;

export type PatternProblem =
  | 'NoSlash'
  | 'NotCanonical'
  | 'DotSegment'
  | 'PartialDoubleStar'
  | 'TooManySegments'
  | 'Query';

export type ParsedPathPattern =
  | { readonly ok: true; readonly pattern: string }
  | { readonly ok: false; readonly problem: PatternProblem; readonly suggestion?: string };

const maxSegments = 64;

/** A pattern must be written as paths are compared: what cannot match, or only seems to, is refused. */
export function parsePathPattern(text: string): ParsedPathPattern {
  if (text === '**') return { ok: true, pattern: text };
  if (!text.startsWith('/')) return { ok: false, problem: 'NoSlash' };
  if (text.includes('?')) return { ok: false, problem: 'Query' };
  const segments = text.slice(1).split('/');
  if (segments.length > maxSegments) return { ok: false, problem: 'TooManySegments' };
  if (segments.some(segment => segment !== '**' && segment.includes('**')))
    return { ok: false, problem: 'PartialDoubleStar' };
  const parsed = parseRequestTarget(text);
  if (!parsed.ok) return { ok: false, problem: parsed.problem === 'DotSegment' ? 'DotSegment' : 'NotCanonical' };
  const canonical = canonicalPath(text);
  if (canonical !== text) return { ok: false, problem: 'NotCanonical', suggestion: canonical };
  return { ok: true, pattern: text };
}

/** The pattern must have passed `parsePathPattern`; paths are canonical. */
export function compilePathPattern(pattern: string): PathMatcher {
  if (pattern === '**') return () => true;
  const groups = groupsOf(pattern.slice(1).split('/'));
  const [head = [], ...rest] = groups;
  const tail = rest.pop();
  if (tail === undefined) return path => matchesExactly(head, segmentsOf(path));
  return path => matchesAround(head, rest, tail, segmentsOf(path));
}

function segmentsOf(path: string): readonly string[] {
  return path.slice(1).split('/');
}

/** Split at `**`. */
function groupsOf(segments: readonly string[]): Glob[][] {
  const groups: Glob[][] = [[]];
  for (const segment of segments)
    if (segment === '**') groups.push([]);
    else groups.at(-1)?.push(segment === '*' ? isNotEmpty : compileGlob(segment));
  return groups;
}

function isNotEmpty(segment: string): boolean {
  return segment !== '';
}

function matchesExactly(group: readonly Glob[], segments: readonly string[]): boolean {
  return group.length === segments.length && matchesAt(group, segments, 0);
}

/** Groups in between are taken at their leftmost place, as in a glob. */
function matchesAround(
  head: readonly Glob[],
  middle: readonly (readonly Glob[])[],
  tail: readonly Glob[],
  segments: readonly string[],
): boolean {
  const end = segments.length - tail.length;
  if (end < head.length || !matchesAt(head, segments, 0) || !matchesAt(tail, segments, end)) return false;
  let at = head.length;
  for (const group of middle) {
    while (at + group.length <= end && !matchesAt(group, segments, at)) at++;
    if (at + group.length > end) return false;
    at += group.length;
  }
  return true;
}

function matchesAt(group: readonly Glob[], segments: readonly string[], from: number): boolean {
  return group.every((glob, index) => glob(segments[from + index] ?? ''));
}
