// Path patterns: an endpoint's selector and its rules' patterns must both match; where no one pattern says so, nothing is guessed.
import { compilePathPattern, parsePathPattern } from '../../../engine/canonical/path-pattern.ts';

const anyPath: ReadonlySet<string> = new Set(['', '**', '/**']);

export function isAnyPath(path: string): boolean {
  return anyPath.has(path);
}

/** The pattern that matches what both match; absent: any path; undefined: cannot be said in one pattern. */
export function narrowPath(selector: string, path: string): { readonly path?: string } | undefined {
  if (isAnyPath(path)) return isAnyPath(selector) ? {} : { path: selector };
  if (isAnyPath(selector) || path === selector) return { path };
  const prefix = selector.endsWith('/**') ? selector.slice(0, -3) : undefined;
  if (prefix !== undefined && !prefix.includes('*') && (path === prefix || path.startsWith(`${prefix}/`)))
    return { path };
  return !path.includes('*') && compilePathPattern(selector)(path) ? { path } : undefined;
}

/** In words, or undefined. */
export function pathProblem(path: string): string | undefined {
  const parsed = parsePathPattern(path === '' ? '**' : path);
  if (parsed.ok) return undefined;
  const instead = parsed.suggestion === undefined ? '' : `; write ${parsed.suggestion}`;
  return `path ${JSON.stringify(path)} is no pattern (${parsed.problem})${instead}`;
}
