// Response heads and trailers of an HTTP/2 upstream, over the list as it was sent: what cannot be said in HTTP/1.1 without
// doubt is no answer either.
import { endToEndRequestFields, endToEndResponseFields } from '../http/end-to-end-fields.ts';
import { type HeaderField, valuesOf } from '../http/header-fields.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { type Http2FieldProblem, readFieldList } from './read-field-list.ts';

export type AdmittedResponse =
  | { readonly ok: true; readonly status: number; readonly fields: readonly HeaderField[] }
  | { readonly ok: false; readonly problem: Http2FieldProblem | 'BadStatus' | 'BadLength' | 'UnsolicitedUpgrade' };

export function admitResponse(raw: readonly string[], limits: HttpLimits): AdmittedResponse {
  const list = readFieldList(raw, ['status'], limits);
  if (!list.ok) return list;
  const code = list.pseudo.get('status') ?? '';
  if (!/^[1-5]\d\d$/.test(code)) return { ok: false, problem: 'BadStatus' };
  if (code === '101') return { ok: false, problem: 'UnsolicitedUpgrade' };
  const lengths = valuesOf(list.fields, 'content-length');
  if (lengths.length > 1 || !/^(0|[1-9]\d{0,14})?$/.test(lengths[0] ?? '')) return { ok: false, problem: 'BadLength' };
  const length = list.fields.filter(({ key }) => key === 'content-length');
  return { ok: true, status: Number(code), fields: [...endToEndResponseFields(list.fields), ...length] };
}

/** Framing, routing, what was really meant and credentials are not a trailer's to say. */
const headOnly: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'authorization',
  'cookie',
  'set-cookie',
  'alt-svc',
  'te',
  'trailer',
]);

/** Of either direction; undefined where they are not fit to be sent on. */
export function admitTrailers(raw: readonly string[], limits: HttpLimits): readonly HeaderField[] | undefined {
  const list = readFieldList(raw, [], limits);
  if (!list.ok) return undefined;
  return endToEndRequestFields(list.fields).filter(({ key }) => !headOnly.has(key));
}

/** As node takes a list of its own. */
export function rawFields(fields: readonly HeaderField[]): string[] {
  return fields.flatMap(({ key, value }) => [key, value]);
}

/** Trailers, which node takes as an object only. */
export function trailerObject(fields: readonly HeaderField[]): Record<string, string[]> {
  const object: Record<string, string[]> = Object.create(null);
  for (const { key, value } of fields) (object[key] ??= []).push(value);
  return object;
}
