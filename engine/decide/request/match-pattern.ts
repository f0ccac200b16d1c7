// One pattern of an HTTP rule against one request. To allow, everything must fit; to deny, one reading that fits is enough.
import type { RequestPattern } from '../../../protocol/snapshot.ts';
import { compileGlob, type Glob } from '../../canonical/glob.ts';
import { compilePathPattern, type PathMatcher } from '../../canonical/path-pattern.ts';
import type { QueryPairs } from '../../canonical/request-query.ts';
import { listHasMethod } from './allowed-methods.ts';
import type { RequestFacts } from './request-facts.ts';

export interface CompiledPattern {
  readonly methods: readonly string[] | undefined;
  readonly path: PathMatcher | undefined;
  readonly query: readonly (readonly [name: string, glob: Glob])[];
}

export function compilePattern({ methods, path, query = {} }: RequestPattern): CompiledPattern {
  return {
    methods,
    path: compileWherePath(path),
    query: Object.entries(query).map(([name, glob]) => [name, compileGlob(glob)] as const),
  };
}

/** `**` looks at no path: such a host's bytes go on unread. */
export function compileWherePath(path: string | undefined): PathMatcher | undefined {
  return path === undefined || path === '**' || path === '/**' ? undefined : compilePathPattern(path);
}

/** Does the pattern let this method of the request through? */
export function patternAllows(pattern: CompiledPattern, method: string, { target, query }: RequestFacts): boolean {
  return (
    listHasMethod(pattern.methods, method) &&
    pathFits(pattern.path, target?.path) &&
    pattern.query.every(([name, glob]) => everyValueFits(query, name, glob))
  );
}

/** Also by the path a careless server reads, and by any of a key's values, however the query is read. */
export function patternDenies(pattern: CompiledPattern, facts: RequestFacts): boolean {
  const { methods, target, query, looseQuery } = facts;
  return (
    methods.some(method => listHasMethod(pattern.methods, method.toUpperCase())) &&
    (pathFits(pattern.path, target?.path) || pathFits(pattern.path, target?.loosePath)) &&
    pattern.query.every(([name, glob]) => [...query, ...looseQuery].some(([key, value]) => key === name && glob(value)))
  );
}

/** A path that was not read fits no pattern that looks at it. */
function pathFits(matcher: PathMatcher | undefined, path: string | undefined): boolean {
  return matcher === undefined || (path !== undefined && matcher(path));
}

function everyValueFits(query: QueryPairs, name: string, glob: Glob): boolean {
  const values = query.filter(([key]) => key === name);
  return values.length > 0 && values.every(([, value]) => glob(value));
}
