// The one canonicaliser for host names. Node's own parsers rewrite silently (`。`, soft hyphen, circled digits, `%2e`),
// so everything they would change is refused before they see it.
import { domainToASCII, domainToUnicode } from 'node:url';
import { formatIp, parseIp } from './ip.ts';

declare const hostBrand: unique symbol;
/** A canonical A-label name: lower case, no trailing dot, LDH only. Made by parseHost alone. */
export type HostName = string & { readonly [hostBrand]: 'HostName' };
/** Canonical text of an address. Made by parseHost alone. */
export type IpAddress = string & { readonly [hostBrand]: 'IpAddress' };

export type Host =
  | { readonly kind: 'name'; readonly name: HostName }
  | { readonly kind: 'ip'; readonly address: IpAddress; readonly family: 4 | 6 };

export type HostProblem =
  | 'Empty'
  | 'TooLong'
  | 'LabelTooLong'
  | 'EmptyLabel'
  | 'BadCharacter'
  | 'BadHyphen'
  | 'LooksLikeAddress'
  | 'BadIdna';

export type ParsedHost = Host | { readonly kind: 'invalid'; readonly problem: HostProblem };

/** A host as an agent, a policy or a certificate wrote it. Strict IP literals (without brackets) are addresses. */
export function parseHost(text: string): ParsedHost {
  // Before any regular expression: no input is worth more work than a name's worth of it.
  if (text.length > 1024) return invalid('TooLong');
  const ip = parseIp(text);
  if (ip !== undefined) return { kind: 'ip', address: formatIp(ip) as IpAddress, family: ip.family };
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '') return invalid('Empty');
  const labels: string[] = [];
  for (const label of name.split('.')) {
    const result = canonicalLabel(label);
    if (typeof result !== 'string') return result;
    labels.push(result);
  }
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return invalid('LooksLikeAddress');
  const canonical = labels.join('.');
  return canonical.length > 253 ? invalid('TooLong') : { kind: 'name', name: canonical as HostName };
}

/** The canonical text of a host, as rules, grants and logs carry it. */
export function hostText(host: Host): string {
  return host.kind === 'name' ? host.name : host.address;
}

function canonicalLabel(label: string): string | { kind: 'invalid'; problem: HostProblem } {
  if (label === '') return invalid('EmptyLabel');
  // oxlint-disable-next-line no-control-regex -- controls are what this looks for
  const isAscii = /^[\x00-\x7f]*$/.test(label);
  const lower = isAscii ? label.toLowerCase() : toALabel(label);
  if (lower === undefined) return invalid('BadIdna');
  if (!/^[a-z0-9-]+$/.test(lower)) return invalid('BadCharacter');
  if (lower.length > 63) return invalid('LabelTooLong');
  if (lower.startsWith('-') || lower.endsWith('-')) return invalid('BadHyphen');
  if (lower.startsWith('xn--') && !isGenuineALabel(lower)) return invalid('BadIdna');
  return lower;
}

/** Lower-case letters, marks and digits that no mapping changes; what comes out must read back as what went in. */
function toALabel(label: string): string | undefined {
  if (!/^[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}-]+$/u.test(label) || label !== label.normalize('NFKC')) return undefined;
  const ascii = domainToASCII(label);
  return ascii.startsWith('xn--') && domainToUnicode(ascii) === label ? ascii : undefined;
}

function isGenuineALabel(label: string): boolean {
  const unicode = domainToUnicode(label);
  return unicode !== '' && unicode !== label && domainToASCII(unicode) === label && toALabel(unicode) === label;
}

function invalid(problem: HostProblem): { kind: 'invalid'; problem: HostProblem } {
  return { kind: 'invalid', problem };
}
