// `host[:port]` as in Host headers and CONNECT targets.
import { type Host, type HostProblem, parseHost } from './host.ts';

export type ParsedAuthority =
  | { readonly ok: true; readonly host: Host; readonly port?: number }
  | { readonly ok: false; readonly problem: HostProblem | 'BadPort' };

/** Strict: IPv6 only in brackets, the port in plain decimal without sign, zero or leading zeros. */
export function parseAuthority(text: string): ParsedAuthority {
  if (text.length > 300) return { ok: false, problem: 'TooLong' };
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text);
  if (match === null) return { ok: false, problem: 'BadCharacter' };
  const [, bracketed, bare, portText] = match;
  if (bracketed !== undefined && !bracketed.includes(':')) return { ok: false, problem: 'BadCharacter' };
  const host = parseHost(bracketed ?? bare ?? '');
  if (host.kind === 'invalid') return { ok: false, problem: host.problem };
  if (portText === undefined) return { ok: true, host };
  const port = parsePort(portText);
  return port === undefined ? { ok: false, problem: 'BadPort' } : { ok: true, host, port };
}

/** 1 to 65535 in plain decimal digits. */
export function parsePort(text: string): number | undefined {
  if (!/^[1-9]\d{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
