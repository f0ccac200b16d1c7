// A permit is the only key to a socket: dialling takes one, and only this file makes them.
import type { UpstreamProxy } from '../../protocol/snapshot.ts';
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
  /** By the corporate proxy, which is asked for the host; it resolves names, so that those have no addresses here. */
  readonly via?: 'Proxy';
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
  return makePermit(hostText(host), port, addresses.slice(0, maxAddresses), allow);
}

/**
 * A name that a corporate proxy resolves: no address is known here, so no rule about addresses is heard. Addresses that the
 * agent names, and pinned ones, are classified all the same, and only public ones leave through the proxy.
 */
export function permitThroughProxy(request: PermitRequest, decider: Pick<Decider, 'refuses'>): Permit | Deny {
  const { host, port, allow } = request;
  if (host.kind === 'name' && allow.pinned === undefined)
    return { ...makePermit(host.name, port, [], allow), via: 'Proxy' };
  const direct = classifyAnswers(request, [hostText(host)], decider);
  const isPublic = direct.verdict === 'Permit' && direct.addresses.every(isPublicAddress);
  return isPublic ? { ...direct, via: 'Proxy' } : direct;
}

/** The corporate proxy itself: the operator's choice, so it may be private and no rule is asked, but never loopback, metadata or node. */
export function permitProxy(
  { host, port }: Pick<UpstreamProxy, 'host' | 'port'>,
  answers: readonly string[],
  decider: Pick<Decider, 'refuses'>,
): Permit | Deny {
  const addresses = answers.map(parseIp).flatMap(ip => {
    const refusal = ip === undefined ? 'Never' : decider.refuses(ip, port, undefined);
    return ip === undefined || (refusal !== undefined && refusal !== 'DenyRule') ? [] : [formatIp(ip)];
  });
  if (addresses.length === 0) return { verdict: 'Deny', reason: 'NoUsableAddress' };
  const allow = { by: 'Route', id: 'upstreamProxy', protocol: 'TCP', mode: 'Enforce' } as const;
  return makePermit(host, port, addresses.slice(0, maxAddresses), allow);
}

function makePermit(
  host: string,
  port: number,
  addresses: readonly string[],
  { by, id, protocol, mode }: Permit['allow'],
): Permit {
  const permit: Omit<Permit, typeof permitBrand> = {
    verdict: 'Permit',
    host,
    port,
    addresses,
    allow: { by, id, protocol, mode },
  };
  return permit as Permit;
}

function isPublicAddress(text: string): boolean {
  const ip = parseIp(text);
  return ip !== undefined && classifyAddress(ip) === 'Public';
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
