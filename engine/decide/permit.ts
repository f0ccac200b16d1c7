// A permit is the only key to a socket: dialling takes one, and only this file makes them.
import { type Cidr, cidrContains } from '../canonical/cidr.ts';
import { type AddressClass, classifyAddress } from '../canonical/classify-address.ts';
import { type Host, hostText } from '../canonical/host.ts';
import { formatIp, type Ip, parseIp } from '../canonical/ip.ts';
import type { Decider } from './decider.ts';
import type { Allow, Binary, Deny } from './decision.ts';

declare const permitBrand: unique symbol;

/** Dial these addresses on this port, in this order, and no others; nothing is resolved again. */
export interface Permit {
  readonly [permitBrand]: true;
  readonly verdict: 'Permit';
  /** Canonical name or address: what SNI, Host and the certificate must say. */
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly allow: Pick<Allow, 'by' | 'id' | 'protocol' | 'mode'>;
}

/** At most so many addresses are tried for one connection. */
const maxAddresses = 3;

export interface PermitRequest {
  readonly host: Host;
  readonly port: number;
  readonly binary?: Binary | undefined;
  readonly allow: Allow;
}

/**
 * Classifies what the name resolved to (`allow.pinned` where it is set: then nothing is resolved) and pins what is left,
 * in the order of the answers. Refused answers are dropped, never dialled as a fallback.
 */
export function classifyAnswers(
  { host, port, binary, allow }: PermitRequest,
  answers: readonly string[],
  decider: Pick<Decider, 'refuses'>,
): Permit | Deny {
  const addresses: string[] = [];
  let refused: Deny['addressClass'];
  for (const text of allow.pinned ?? answers) {
    const ip = parseIp(text);
    if (ip === undefined) continue;
    const problem = refusalOf(ip, allow.allowedCidrs, decider.refuses(ip, port, binary));
    if (problem !== undefined) refused ??= problem;
    else if (!addresses.includes(formatIp(ip))) addresses.push(formatIp(ip));
  }
  if (addresses.length === 0)
    return { verdict: 'Deny', reason: 'NoUsableAddress', ...(refused === undefined ? {} : { addressClass: refused }) };
  const { by, id, protocol, mode } = allow;
  const permit: Omit<Permit, typeof permitBrand> = {
    verdict: 'Permit',
    host: hostText(host),
    port,
    addresses: addresses.slice(0, maxAddresses),
    allow: { by, id, protocol, mode },
  };
  return permit as Permit;
}

function refusalOf(
  ip: Ip,
  allowedCidrs: readonly Cidr[],
  refusal: ReturnType<Decider['refuses']>,
): AddressClass | 'Never' | 'DenyRule' | undefined {
  if (refusal !== undefined) return refusal;
  const addressClass = classifyAddress(ip);
  return addressClass === 'Public' || allowedCidrs.some(block => cidrContains(block, ip)) ? undefined : addressClass;
}
