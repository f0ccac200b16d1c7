// Header fields as an ordered list, names as they were written: order and case reach the other side unchanged.

export interface HeaderField {
  readonly name: string;
  /** Lower case, for comparing. */
  readonly key: string;
  /** Bytes as latin1, without surrounding blanks. */
  readonly value: string;
}

export type FieldProblem = 'BareCrOrLf' | 'ObsFold' | 'BadFieldName' | 'BadFieldValue' | 'TooManyFields';

export type ParsedFields =
  | { readonly ok: true; readonly fields: readonly HeaderField[] }
  | { readonly ok: false; readonly problem: FieldProblem };

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex -- everything but controls, tab apart
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

export function headerField(name: string, value: string): HeaderField {
  return { name, key: name.toLowerCase(), value };
}

/** Splits at CRLF alone; a CR or LF of its own is a problem, for others would split there too. */
export function splitLines(bytes: Buffer): readonly string[] | undefined {
  const lines = bytes.toString('latin1').split('\r\n');
  return lines.some(line => line.includes('\r') || line.includes('\n')) ? undefined : lines;
}

/** RFC 9112, 5: `name: value`, nothing between name and colon, no folding, no controls. */
export function parseFields(lines: readonly string[], maxFields: number): ParsedFields {
  if (lines.length > maxFields) return { ok: false, problem: 'TooManyFields' };
  const fields: HeaderField[] = [];
  for (const line of lines) {
    if (line.startsWith(' ') || line.startsWith('\t')) return { ok: false, problem: 'ObsFold' };
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!tokenPattern.test(name)) return { ok: false, problem: 'BadFieldName' };
    const value = trimBlanks(line, colon + 1);
    if (!valuePattern.test(value)) return { ok: false, problem: 'BadFieldValue' };
    fields.push(headerField(name, value));
  }
  return { ok: true, fields };
}

/** Without a regular expression: one for blanks at the end takes a second and a half over 60 000 blanks before another letter. */
function trimBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** All values of a field, in order. */
export function valuesOf(fields: readonly HeaderField[], key: string): readonly string[] {
  return fields.filter(field => field.key === key).map(field => field.value);
}

/** Members of a comma-separated list field, lower case. */
export function listOf(fields: readonly HeaderField[], key: string): readonly string[] {
  return valuesOf(fields, key)
    .flatMap(value => value.split(','))
    .map(member => member.trim().toLowerCase());
}
