import type { DenyBody } from './deny-response.ts';
import { type HeaderField, valuesOf } from './header-fields.ts';

export const denyTextType = 'text/plain; charset=utf-8';

/** For clients that show an answer's text to somebody: browsers, git. */
export function denyText({ error, detail, next, approval }: DenyBody): string {
  const lines = [`${error}: ${detail}`, next, approval === undefined ? undefined : `Request: ${approval}`];
  return lines
    .filter(line => line !== undefined)
    .join('\n')
    .concat('\n');
}

/** Asks for text and not for JSON; who says nothing gets JSON. */
export function wantsText(fields: readonly HeaderField[]): boolean {
  const accept = valuesOf(fields, 'accept').join(',').toLowerCase();
  return /\btext\/(plain|html)\b/.test(accept) && !/[/+]json\b/.test(accept);
}
