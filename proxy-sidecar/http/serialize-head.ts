// Heads are written anew from what was parsed, never copied: what policy saw is what the other side reads.
import type { BodyFraming } from './body-framing.ts';
import { type HeaderField, headerField } from './header-fields.ts';

export function serializeRequestHead(method: string, target: string, fields: readonly HeaderField[]): Buffer {
  return serialize(`${method} ${target} HTTP/1.1`, fields);
}

export function serializeResponseHead(status: number, reason: string, fields: readonly HeaderField[]): Buffer {
  return serialize(`HTTP/1.1 ${status} ${reason}`, fields);
}

function serialize(startLine: string, fields: readonly HeaderField[]): Buffer {
  const lines = fields.map(({ name, value }) => `${name}: ${value}\r\n`);
  return Buffer.from(`${startLine}\r\n${lines.join('')}\r\n`, 'latin1');
}

/** The one field that says how long the body is. */
export function framingFields(framing: BodyFraming): readonly HeaderField[] {
  if (framing.kind === 'Length') return [headerField('Content-Length', String(framing.bytes))];
  return framing.kind === 'Chunked' ? [headerField('Transfer-Encoding', 'chunked')] : [];
}
