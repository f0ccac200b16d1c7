// A field section of HTTP/2 (RFC 9113, 8.2 and 8.3) as pseudo fields and fields, or the name of what is wrong with it.
import { type HeaderField, headerField } from '../http/header-fields.ts';
import type { HttpLimits } from '../http/http-limits.ts';

export type Http2FieldProblem =
  | 'HeadTooLarge'
  | 'TooManyFields'
  | 'BadFieldName'
  | 'BadFieldValue'
  | 'ConnectionField'
  | 'UnknownPseudoField'
  | 'SeveralPseudoFields'
  | 'PseudoFieldLate';

export type PseudoFields = ReadonlyMap<string, string>;

export type FieldList =
  | { readonly ok: true; readonly pseudo: PseudoFields; readonly fields: readonly HeaderField[] }
  | { readonly ok: false; readonly problem: Http2FieldProblem };

const namePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// oxlint-disable-next-line no-control-regex -- everything but controls, tab apart, and no blanks around it
const valuePattern = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** Of the hop, in a protocol whose hops have none: what a translation to HTTP/1.1 would turn into framing. */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** `known` are the pseudo fields that may come, without their colon: each at most once, before all others. */
export function readFieldList(raw: readonly string[], known: readonly string[], limits: HttpLimits): FieldList {
  if (raw.length / 2 > limits.maxFields + known.length) return { ok: false, problem: 'TooManyFields' };
  const pseudo = new Map<string, string>();
  const fields: HeaderField[] = [];
  let bytes = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    // As HPACK counts a field.
    bytes += name.length + value.length + 32;
    if (bytes > limits.maxHeadBytes) return { ok: false, problem: 'HeadTooLarge' };
    const problem = name.startsWith(':')
      ? addPseudo(name.slice(1), value, known, pseudo, fields)
      : addField(name, value, fields);
    if (problem !== undefined) return { ok: false, problem };
  }
  return { ok: true, pseudo, fields };
}

function addPseudo(
  name: string,
  value: string,
  known: readonly string[],
  pseudo: Map<string, string>,
  fields: readonly HeaderField[],
): Http2FieldProblem | undefined {
  if (!known.includes(name)) return 'UnknownPseudoField';
  if (fields.length > 0) return 'PseudoFieldLate';
  if (pseudo.has(name)) return 'SeveralPseudoFields';
  if (!valuePattern.test(value)) return 'BadFieldValue';
  pseudo.set(name, value);
  return undefined;
}

function addField(name: string, value: string, fields: HeaderField[]): Http2FieldProblem | undefined {
  if (!namePattern.test(name)) return 'BadFieldName';
  if (!valuePattern.test(value)) return 'BadFieldValue';
  if (connectionFields.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers')) return 'ConnectionField';
  fields.push(headerField(name, value));
  return undefined;
}
