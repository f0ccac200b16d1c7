// CIDR blocks with strict text: canonical network address, no host bits set.
import { formatIp, type Ip, parseIp } from './ip.ts';

export interface Cidr {
  readonly base: Ip;
  readonly prefix: number;
}

export type ParsedCidr =
  | { readonly ok: true; readonly cidr: Cidr }
  | { readonly ok: false; readonly problem: 'NotAnAddress' | 'BadPrefix' | 'HostBitsSet' };

/** `address/prefix`; a bare address, host bits and odd prefixes are refused rather than guessed at. */
export function parseCidr(text: string): ParsedCidr {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const base = parseIp(address);
  if (base === undefined) return { ok: false, problem: 'NotAnAddress' };
  const digits = slash < 0 ? '' : text.slice(slash + 1);
  // A mapped IPv6 block would silently become an IPv4 one with another prefix.
  const isMapped = base.family === 4 && address.includes(':');
  if (isMapped || !/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > widthOf(base))
    return { ok: false, problem: 'BadPrefix' };
  const prefix = Number(digits);
  const masked = maskIp(base, prefix);
  if (masked.words.some((word, index) => word !== base.words[index])) return { ok: false, problem: 'HostBitsSet' };
  return { ok: true, cidr: { base, prefix } };
}

/** The block of exactly one address. */
export function singleAddress(ip: Ip): Cidr {
  return { base: ip, prefix: widthOf(ip) };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.base)}/${cidr.prefix}`;
}

export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  if (cidr.base.family !== ip.family) return false;
  for (let index = 0; index < ip.words.length; index++) {
    const mask = maskOf(cidr.prefix, index);
    if ((((ip.words[index] ?? 0) ^ (cidr.base.words[index] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.prefix <= b.prefix ? cidrContains(a, b.base) : cidrContains(b, a.base);
}

/** The address with everything behind the prefix cleared. */
export function maskIp(ip: Ip, prefix: number): Ip {
  return { family: ip.family, words: ip.words.map((word, index) => (word & maskOf(prefix, index)) >>> 0) };
}

function maskOf(prefix: number, wordIndex: number): number {
  const bits = Math.min(32, Math.max(0, prefix - wordIndex * 32));
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

function widthOf(ip: Ip): number {
  return ip.family === 4 ? 32 : 128;
}
