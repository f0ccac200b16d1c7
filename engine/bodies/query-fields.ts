// The fields of a target's query, read only where every server's reading is the same.
import { parseRequestQuery } from '../canonical/request-query.ts';
import { type BodyRefusal, refuseBody } from './body-problem.ts';
import { foldName } from './fold-name.ts';

export type QueryFields = { readonly ok: true; readonly fields: ReadonlyMap<string, string> } | BodyRefusal;

/** Everything behind the first `?`. Of the given names none twice, none in another spelling, `;` nowhere: some split there. */
export function readQueryFields(target: string, names: readonly string[]): QueryFields {
  const start = target.indexOf('?');
  const query = start < 0 ? '' : target.slice(start + 1);
  if (query.includes(';')) return ambiguous('holds a `;`, which some servers split at; send it as %3B');
  const fields = new Map<string, string>();
  const folded = new Set(names.map(foldName));
  const pairs = parseRequestQuery(query);
  if (pairs === undefined) return ambiguous('has a bad % escape, or too many fields');
  for (const [name, value] of pairs) {
    if (isEscaped(name) || (names.includes(name) && isEscaped(value))) return ambiguous('is escaped twice');
    if (!names.includes(name)) {
      if (folded.has(foldName(stem(name)))) return ambiguous('spells a known field in an odd way');
    } else if (fields.has(name)) return ambiguous(`holds ${name} twice`);
    else fields.set(name, value);
  }
  return { ok: true, fields };
}

/** `query[]`, `query[a]`, `query.a`, ` query` and `query\0` are `query` to one framework or another. */
function stem(name: string): string {
  // oxlint-disable-next-line no-control-regex -- controls are what is looked for
  return name.replace(/^[\s\u0000-\u001f]+/u, '').replace(/[\s\u0000-\u001f[.].*$/su, '');
}

/** A server behind a proxy that decodes once too often would read something else. */
function isEscaped(text: string): boolean {
  return /%[0-9a-fA-F]{2}/.test(text);
}

function ambiguous(what: string): BodyRefusal {
  return refuseBody('AmbiguousQuery', `The query of the request's target ${what}.`);
}
