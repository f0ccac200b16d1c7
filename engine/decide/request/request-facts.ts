// What rules look at in one request, read once. A path is only read where a rule of the host looks at paths: elsewhere
// bytes that no rule speaks of go on as the client sent them.
import { looseQuery, parseRequestQuery, type QueryPairs } from '../../canonical/request-query.ts';
import { parseRequestTarget, type RequestTarget, type TargetProblem } from '../../canonical/request-target.ts';
import type { RequestHead } from '../request-decision.ts';

export interface RequestFacts {
  readonly head: RequestHead;
  /** The method, and those that frameworks take from the query in its place: all of them must be allowed. */
  readonly methods: readonly string[];
  /** Absent where nobody looks. */
  readonly target?: RequestTarget;
  readonly query: QueryPairs;
  /** The query as a lenient server reads it, for denials. */
  readonly looseQuery: QueryPairs;
}

export type ReadFacts =
  | { readonly ok: true; readonly facts: RequestFacts }
  | { readonly ok: false; readonly problem: TargetProblem | 'BadQuery' };

/** What of a request the rules of a host look at. */
export interface Looks {
  readonly path: boolean;
  readonly query: boolean;
  readonly method: boolean;
}

export function readFacts(head: RequestHead, looks: Looks): ReadFacts {
  const raw = looks.query || looks.method ? queryOf(head.target) : '';
  const query = looks.query ? parseRequestQuery(raw) : [];
  if (query === undefined) return { ok: false, problem: 'BadQuery' };
  const loose = raw === '' ? [] : looseQuery(raw);
  const facts = { head, methods: methodsOf(head.method, loose), query, looseQuery: loose };
  if (!looks.path) return { ok: true, facts };
  const parsed = parseRequestTarget(head.target);
  return parsed.ok ? { ok: true, facts: { ...facts, target: parsed.target } } : parsed;
}

function queryOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
}

/** `POST /x?_method=DELETE` is a DELETE to Rails, Laravel, Symfony and method-override; none of them looks at a GET. */
const overrides: ReadonlySet<string> = new Set(['_method', 'x-http-method-override', 'x-method-override']);

function methodsOf(method: string, query: QueryPairs): readonly string[] {
  if (method !== 'POST') return [method];
  const meant = query.flatMap(([name, value]) => (overrides.has(name.toLowerCase()) ? [value.toUpperCase()] : []));
  return [method, ...meant];
}
